import { describe, expect, test } from 'vitest';
import { klaviyo } from '../../producers/klaviyo/index.ts';
import { listrak } from '../../producers/listrak/index.ts';
import { segment } from '../../producers/segment/index.ts';
import { changedConnections } from '../../src/config/follow-settings.ts';
import { parseSettings } from '../../src/config/load.ts';
import type { ConnectionSettings } from '../../src/config/settings.ts';
import type { TableDefinition } from '../../src/core/table.ts';
import { compileTable } from '../../src/record/codec.ts';

const secret = 'a-long-random-text';

function parse(columns: string, more = `hash_secret: ${secret}`, connection = 'klaviyo', settings = 'api_key: pk_1') {
  const secrets: string[] = [];
  const text = `${more}\nconnections:\n  ${connection}:\n    settings: { ${settings} }\n    columns:\n      ${columns}\n`;
  const parsed = parseSettings(text, 'tributary.yaml', {
    sources: [klaviyo, listrak, segment],
    variables: {},
    onSecret: (one) => secrets.push(one),
    readFile: () => '',
  });
  return { connection: parsed.connections[0]!, secrets };
}

function refusal(...given: Parameters<typeof parse>): string {
  try {
    parse(...given);
  } catch (error) {
    expect(error).toMatchObject({ kind: 'config', remedy: 'Correct it, then run `tributary check`.' });
    return (error as Error).message;
  }
  throw new Error('the settings were accepted');
}

/** Settings of this connection alone. */
const holding = (connection: ConnectionSettings) => ({ prefix: 'p', connections: [connection] });

const table = (columns: string, name = 'profile'): TableDefinition => parse(columns).connection.tables.find((one) => one.name === name)!;

describe('rules that cannot be kept are refused with their line and what to do instead', () => {
  test.each<[string, string, RegExp, string?, string?, string?]>([
    ['an unknown table', 'profiles: { drop: [email] }', /line 6: .*no table is called profiles; did you mean profile\?/],
    ['an unknown column', 'profile: { drop: [e_mail] }', /line 6: .*profile has no column e_mail; did you mean email\?/],
    ['an unknown rule', 'profile: { encrypt: [email] }', /line 6: .*encrypt is not a known setting/],
    ['an empty list', 'profile: { drop: [] }', /line 6: .*must not be empty/],
    ['a text in place of a list', 'profile: { drop: email }', /line 6: .*drop must be a list, not text; write \[email\]$/],
    ['nothing', 'profile: { drop: }', /line 6: .*drop is empty; it must be a list$/],
    ['a table without rules', 'profile:', /line 6: .*columns\.profile is empty; it must be a section$/],
    ['a column named twice', 'profile: { drop: [email, email] }', /line 6: .*email is named twice/],
    ['two rules for one column', 'profile: { drop: [email], hash: [email] }', /line 6: .*hash\.0 email is named by drop as well/],
    ['hashing without a secret', 'profile: { hash: [email] }', /line 6: .*needs hash_secret at the top/, 'prefix: tributary'],
    ['a short secret', 'profile: { hash: [email] }', /line 1: hash_secret must have at least 16 characters/, 'hash_secret: short'],
    ['a key that is dropped', 'metric: { drop: [id] }', /line 6: .*id is part of the key.*it can be hashed/],
    ['a key that is masked', 'metric: { mask: [id] }', /line 6: .*id is part of the key.*it can be hashed/],
    [
      'a key the vendor is asked by',
      'profile: { hash: [id] }',
      /line 6: .*id cannot be hashed: before a row of profile is deleted, the vendor is asked/,
    ],
    [
      'a scope the vendor is asked by',
      'event: { hash: [profile_id] }',
      /line 6: .*profile_id cannot be hashed: before a row of profile is deleted/,
    ],
    ['a scope that is dropped', 'event: { drop: [profile_id] }', /line 6: .*profile_id identifies the listing/],
    ['what the table is followed by', 'profile: { drop: [updated] }', /line 6: .*updated is the column that incremental reads follow/],
    ['a number that is masked', 'profile: { mask: [location_latitude] }', /line 6: .*location_latitude is of type number.*drop or hash it/],
    ['a path into text', 'profile: { drop: [email.domain] }', /line 6: .*email is a column of type text and has no values inside/],
    ['an empty name in a path', 'profile: { drop: [properties..x] }', /line 6: .*empty name between two dots; write \\\. for a dot/],
    ['_extra hashed whole', 'profile: { hash: [_extra] }', /line 6: .*_extra as a whole can only be dropped/],
    ['a column of ours', 'profile: { drop: [_synced_at] }', /line 6: .*_synced_at is written by Tributary/],
    [
      'what another column holds as well',
      'metric: { drop: [integration_name] }',
      /line 6: .*the value of integration_name is also in the column integration; drop integration\.name as well/,
    ],
  ])('%s', (_, columns, message, more) => {
    expect(refusal(columns, more)).toMatch(message);
  });

  test('every key that no question needs can be hashed', () => {
    for (const { name, tables } of [klaviyo, listrak, segment]) {
      const settings = name === 'klaviyo' ? 'api_key: pk_1' : name === 'segment' ? 'api_token: x' : 'username: u, password: p';
      for (const definition of tables(parse('{}', '', name, settings).connection.settings as never)) {
        const asked = definition.confirm !== undefined || definition.name === 'event';
        for (const column of definition.key) {
          const given = [`${definition.name}: { hash: [${column}] }`, `hash_secret: ${secret}`, name, settings] as const;
          if (column === definition.replicationKey) expect(refusal(...given)).toMatch(/is the column that incremental reads follow/);
          else if (asked) expect(refusal(...given)).toMatch(/cannot be hashed/);
          else if (!definition.off) {
            const made = parse(...given).connection.tables.find((one) => one.name === definition.name)!;
            expect(compileTable(name, made).keySchema.fields.find((field) => field.name === column)).toMatchObject({ type: 'string' });
          }
        }
      }
    }
  });
});

test('schema, documentation and settings follow the rules', () => {
  const covered = table('profile: { drop: [phone_number, _extra], hash: [email, location_latitude], mask: [last_name, properties.a] }');
  const { fields } = compileTable('klaviyo', covered).valueSchema;
  const named = new Map(fields.map((field) => [field.name, field]));
  expect(named.has('phone_number')).toBe(false);
  expect(named.get('email')).toEqual({
    name: 'email',
    type: ['null', 'string'],
    doc: 'E-mail address (hashed, HMAC-SHA256 in hexadecimal)',
    default: null,
  });
  expect(named.get('location_latitude')?.type).toEqual(['null', 'string']);
  expect(named.get('last_name')?.doc).toBe('Last name (masked)');
  expect(table('profile: { drop: [email] }', 'event').cover).toBeUndefined();
});

test('the secret is one, and a change of rules or secret is taken up by a running worker', () => {
  const { secrets, connection } = parse('profile: { hash: [email] }');
  expect(secrets).toContain(secret);
  expect(JSON.stringify(connection)).not.toContain(secret);
  const changed = (...given: Parameters<typeof parse>): string[] =>
    changedConnections(holding(connection), holding(parse(...given).connection));
  expect(changed('profile: { hash: [email] }')).toEqual([]);
  expect(changed('profile: { drop: [email] }')).toEqual(['klaviyo']);
  expect(changed('profile: { hash: [email] }', 'hash_secret: another-random-text')).toEqual(['klaviyo']);
});
