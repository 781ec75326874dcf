// Klaviyo's profiles as they change: `node --import tsx profiles.ts where.json [offsets.json]`. Goes on where it ended the last time.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { klaviyo, readTable, type ConsumeOptions, type SavedOffsets } from 'tributary/consumer';

const [, , where = 'where.json', saved = 'offsets.json'] = process.argv;
const options = JSON.parse(readFileSync(where, 'utf8')) as ConsumeOptions;
const from = existsSync(saved) ? (JSON.parse(readFileSync(saved, 'utf8')) as SavedOffsets) : 'start';

const reader = readTable(klaviyo.profile, { ...options, from });
for await (const change of reader) {
  // The marker before each tombstone tells of the same delete.
  if (change.kind === 'upsert') console.log(JSON.stringify({ id: change.row.id, email: change.row.email, updated: change.row.updated }));
  else if (change.by === 'tombstone') console.log(JSON.stringify({ id: change.key.id, deleted: true }));
}
writeFileSync(saved, JSON.stringify(reader.offsets()));
