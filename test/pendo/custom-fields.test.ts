import { describe, expect, it } from 'vitest';
import { pendo } from '../../producers/pendo/index.ts';
import { pendoSettings } from '../../producers/pendo/settings.ts';
import { valueSchema } from '../../src/record/avro.ts';
import { incompatibility } from '../../src/record/schema-files.ts';
import type { TableDefinition } from '../../src/core/table.ts';
import { subscription } from './harness.ts';

const visitors = (custom: Record<string, string>): TableDefinition =>
  pendo
    .tables(pendoSettings.parse({ integration_key: 'x', custom_fields: { visitors: custom } }))
    .find(({ name }) => name === 'visitors') as TableDefinition;

describe('custom fields', () => {
  it('are JSON, and columns where the settings name them with their types', async () => {
    const custom_fields = {
      visitors: {
        tier: 'string',
        seats: 'integer',
        renewal: 'time',
        seen: 'time',
        ratio: 'float',
        vip: 'boolean',
        langs: 'list',
        absent: 'string',
      },
    };
    const about = await subscription({}, { custom_fields });
    const values = {
      tier: 'a',
      seats: '25.0',
      renewal: 1_735_689_600_000,
      seen: '2026-03-01T10:00:00Z',
      ratio: 0.5,
      vip: true,
      langs: ['nl', 'de'],
      other: 'x',
    };
    about.simulator.change['metadata.set']({ list: 'visitors', id: 'two words', group: 'custom', values });
    const { rows } = await about.table('visitors').run();
    const record = about.record('visitors', rows.find((row) => row['visitorId'] === 'two words') ?? {});
    expect(record).toMatchObject({
      metadata_custom_tier: 'a',
      metadata_custom_seats: 25,
      metadata_custom_renewal: 1_735_689_600_000,
      metadata_custom_seen: Date.UTC(2026, 2, 1, 10),
      metadata_custom_ratio: 0.5,
      metadata_custom_vip: true,
      metadata_custom_langs: '["nl","de"]',
      metadata_custom_absent: null,
      _extra: null,
    });
    expect(JSON.parse(record['metadata_custom'] as string)).toMatchObject(values);
    expect(about.topic('visitors', rows)).toEqual(about.truth('visitors'));
    // Of accounts none was named.
    expect(Object.keys(about.definition('accounts').fields).filter((column) => column.startsWith('metadata_custom'))).toEqual([
      'metadata_custom',
    ]);
  });

  it('that are no integer are no number, and are kept', async () => {
    const about = await subscription({}, { custom_fields: { visitors: { seats: 'integer' } } });
    for (const seats of ['25.5', 'many', '1e3']) {
      about.simulator.change['metadata.set']({ list: 'visitors', id: 'two words', group: 'custom', values: { seats } });
      const row = about.simulator.truth.rows('visitors').find(({ visitorId }) => visitorId === 'two words');
      expect(about.record('visitors', row as never)).toMatchObject({
        metadata_custom_seats: null,
        _extra: JSON.stringify({ metadata_custom_seats: seats }),
      });
    }
  });

  it('become columns of legal names that name the field, without breaking what stands in the topic', () => {
    const long = 'x'.repeat(80);
    const { fields } = visitors({ plan: 'string', Plan: 'string', 'p l a n__': 'float', 漢字: 'string', [long]: 'string' });
    const custom = Object.entries(fields).filter(([column]) => column.startsWith('metadata_custom_'));
    expect(custom.map(([column, { type, doc }]) => [column, type, doc])).toEqual([
      ['metadata_custom_plan', 'text', 'Custom field plan'],
      ['metadata_custom_plan_2', 'text', 'Custom field Plan'],
      ['metadata_custom_p_l_a_n', 'number', 'Custom field p l a n__'],
      ['metadata_custom_field', 'text', 'Custom field 漢字'],
      [expect.stringMatching(/^metadata_custom_x{40,}$/), 'text', `Custom field ${long}`],
    ]);
    expect(fields['metadata_custom']).toMatchObject({ type: 'json' });
    const schema = (definition: TableDefinition) => valueSchema('pendo', definition);
    expect(incompatibility(schema(visitors({})), schema(visitors({ plan: 'string', seats: 'integer' })))).toBeUndefined();
    expect(pendoSettings.safeParse({ integration_key: 'x', custom_fields: { visitors: { plan: 'text' } } }).success).toBe(false);
  });
});
