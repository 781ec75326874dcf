import type { KafkaAccess } from '../kafka/client.ts';
import { writeImport, type ImportRecord } from '../kafka/meta/imports.ts';
import type { HttpFactory } from '../sdk/http/client.ts';
import type { FileImports } from '../sdk/imports.ts';
import { readJob, writeJob, type Job } from './job.ts';
import type { ImportPlace } from './start-import.ts';

/** Clocks of vendor and machine may differ by so much. */
const SLACK_MS = 5 * 60_000;

export interface FollowPlace extends Pick<ImportPlace, 'connection' | 'dataDir' | 'clock' | 'signal'> {
  readonly access: KafkaAccess;
}

/**
 * Asks the vendor how much of an import has arrived, and records it. The vendor shows its own figure only on its page; the
 * API can tell whether profiles named in the file have been written since, and whether events of it are there, so a sample
 * of them is read back. An import of another machine stays as it is: its sample is kept there.
 * @throws TributaryError when the API refuses or does not answer.
 */
export async function followImport(place: FollowPlace, listed: ImportRecord, http: HttpFactory): Promise<ImportRecord> {
  const { connection, dataDir, clock, signal } = place;
  const job = readJob(dataDir, listed.importId);
  const { imports } = connection.source;
  // Where Kafka was away at the end of an upload, this machine alone knows that it has ended.
  const record = job !== undefined && job.record.updatedAt > listed.updatedAt ? job.record : listed;
  if (imports === undefined || job === undefined || !['uploaded', 'processing'].includes(record.state)) return record;
  const api: unknown = connection.source.connect(connection.settings, { http, now: clock.now });
  const { processed, processedBy } = await askFor(imports, api, job, record, signal);
  const state = processed === 100 ? 'completed' : processed === null || processed === 0 ? record.state : 'processing';
  if (record === listed && processed === record.processed && processedBy === record.processedBy && state === record.state) return record;
  const next = { ...record, processed, processedBy, state, updatedAt: clock.now() } as const;
  writeJob(dataDir, { ...job, record: next });
  await writeImport(place.access, next);
  return next;
}

async function askFor(
  imports: FileImports,
  api: unknown,
  { sample, events = [] }: Job,
  { kind, at, sentRows }: ImportRecord,
  signal: AbortSignal,
): Promise<Pick<ImportRecord, 'processed' | 'processedBy'>> {
  const asked = kind === 'profiles' ? sample.length : events.length;
  if (asked === 0) {
    const what =
      kind === 'profiles' ? 'no row names an e-mail address to be read back by' : 'no event names an e-mail address to be found by';
    return { processed: null, processedBy: `cannot be told: ${what}; see the vendor's page` };
  }
  const there =
    kind === 'profiles' ? await imports.arrived(api, sample, at - SLACK_MS, signal) : await imports.eventsArrived(api, events, signal);
  const all = asked === sentRows;
  return {
    processed: Math.floor((100 * there) / asked),
    processedBy: all
      ? `every ${kind === 'profiles' ? 'profile' : 'event'} of the file read back`
      : `${asked} of ${sentRows} ${kind} read back, spread over the file`,
  };
}
