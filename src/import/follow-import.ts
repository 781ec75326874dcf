import { writeImport, type ImportRecord } from '../kafka/meta/imports.ts';
import type { HttpFactory } from '../sdk/http/client.ts';
import { readJob, writeJob } from './job.ts';
import type { ImportPlace } from './start-import.ts';

/** Clocks of vendor and machine may differ by so much. */
const SLACK_MS = 5 * 60_000;

/**
 * Asks the vendor how much of an import has arrived, and records it. The vendor shows its own figure only on its page; the
 * API can tell whether profiles named in the file have been written since, so a sample of them is read back.
 */
export async function followImport(place: Omit<ImportPlace, 'onEvent'>, record: ImportRecord, http: HttpFactory): Promise<ImportRecord> {
  const { connection, dataDir, clock, signal } = place;
  const job = readJob(dataDir, record.importId);
  const { imports } = connection.source;
  if (imports === undefined || job === undefined || !['uploaded', 'processing'].includes(record.state)) return record;
  const { sample } = job;
  const api: unknown = connection.source.connect(connection.settings, { http, now: clock.now });
  let [processed, processedBy]: [number | null, string] = [null, "the API cannot tell; see the vendor's page"];
  if (record.kind === 'profiles' && sample.length > 0) {
    const arrived = await imports.arrived(api, sample, record.at - SLACK_MS, signal);
    processed = Math.floor((100 * arrived) / sample.length);
    processedBy =
      sample.length === record.sentRows
        ? 'every profile of the file read back'
        : `${sample.length} of ${record.sentRows} profiles read back, spread over the file`;
  }
  const state = processed === 100 ? 'completed' : processed === null || processed === 0 ? record.state : 'processing';
  const next = { ...record, processed, processedBy, state, updatedAt: clock.now() } as const;
  writeJob(dataDir, { ...job, record: next });
  await writeImport(place.access, next);
  return next;
}
