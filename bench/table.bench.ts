/**
 * How many rows per second one thread turns into key, value bytes and hashes.
 *
 *   npx tsx bench/table.bench.ts [rows]
 */
import { compileTable } from '../src/record/codec.ts';
import { table } from '../src/sdk/define.ts';
import { boolean, integer, json, number, text, timestamp } from '../src/sdk/fields.ts';
import { compileRow } from '../src/record/row.ts';
import { frame } from '../src/record/framing.ts';

const events = table({
  name: 'event',
  docs: 'An event-like table',
  documentedKey: ['id'],
  key: ['id'],
  method: 'incremental',
  deletes: 'none',
  fields: {
    id: text('Id'),
    metric_id: text('Metric').from('relationships.metric.id'),
    profile_id: text('Profile').from('relationships.profile.id'),
    timestamp: integer('Seconds'),
    datetime: timestamp('When'),
    uuid: text('Uuid'),
    value: number('Amount'),
    is_core: boolean('Core'),
    event_properties: json('Properties'),
    updated: timestamp('Changed'),
  },
  replicationKey: 'datetime',
  ignore: ['links', 'type'],
  async *read() {},
});

const rows = Number(process.argv[2] ?? 300_000);
const prepared = Array.from({ length: 5000 }, (_, i) =>
  JSON.stringify({
    type: 'event',
    id: `4vRpBT${i}xyzAbCdEf`,
    timestamp: 1_700_000_000 + i,
    datetime: `2023-11-14T22:13:${String(i % 60).padStart(2, '0')}+00:00`,
    uuid: `3f1b7a50-${String(i).padStart(8, '0')}-11ee-8001-0a58a9feac02`,
    value: i * 1.25,
    isCore: i % 2 === 0,
    updated: '2024-01-02T03:04:05.678Z',
    event_properties: {
      $event_id: `evt-${i}`,
      OrderId: `ord-${i}`,
      Categories: ['Shoes', 'Outdoor', 'Sale'],
      ItemNames: ['Trail runner', 'Sock, wool'],
      Items: [{ ProductID: `P-${i}`, SKU: `SKU-${i}`, ProductName: 'Trail runner', Quantity: 2, ItemPrice: 59.99, RowTotal: 119.98 }],
      DiscountCode: 'AUTUMN',
      DiscountValue: 5,
      $value: i * 1.25,
    },
    relationships: { metric: { id: 'Xy12Za' }, profile: { id: `01GDDKASAP8TKDDA2GRZDSVP${i}` } },
    links: { self: `https://vendor.example/api/events/${i}` },
  }),
).map((line) => ({ line, row: JSON.parse(line) }));

const codec = compileTable('bench', events);
const step = compileRow(events, codec, { maxBytes: 1_000_000 });
const run = (count: number): { seconds: number; cpu: number; bytes: number } => {
  let bytes = 0;
  const cpu = process.cpuUsage();
  const began = performance.now();
  for (let i = 0; i < count; i += 1) {
    const compiled = step(prepared[i % prepared.length]!.row);
    if (compiled.deadLetter !== undefined) throw new Error(compiled.detail);
    bytes += frame(1, compiled.keyBody).length + frame(2, compiled.body, codec.tail(1_700_000_000_000, false)).length;
  }
  const { user, system } = process.cpuUsage(cpu);
  return { seconds: (performance.now() - began) / 1000, cpu: (user + system) / 1e6, bytes };
};
run(20_000);
const { seconds, cpu, bytes } = run(rows);
const jsonBytes = prepared.reduce((sum, { line }) => sum + line.length, 0) / prepared.length;
console.log(
  `${Math.round(rows / seconds)} rows/s, ${Math.round(rows / cpu)} rows per CPU second, ${Math.round(jsonBytes)} bytes of JSON in, ${Math.round(bytes / rows)} bytes out per row`,
);
