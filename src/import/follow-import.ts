import type { KafkaAccess } from '../kafka/client.ts';
import { writeImport, type ImportRecord } from '../kafka/meta/imports.ts';
import type { HttpFactory } from '../sdk/http/client.ts';
import type { FileImports } from '../sdk/imports.ts';
import { readJob, writeJob, type Job } from './job.ts';
import type { ImportPlace } from './start-import.ts';

/** Difference tolerated between the clocks of vendor and machine. */
const SLACK_MS = 5 * 60_000;

export interface FollowPlace extends Pick<ImportPlace, 'connection' | 'dataDir' | 'clock' | 'signal'> {
  readonly access: KafkaAccess;
}

/**
 * Asks the vendor how much of an import has arrived, and records it. The vendor shows its own figure only on its page. The API
 * tells whether a profile was updated since and whether an event exists, so a sample of the file is read back. An import of
 * another machine stays as it is, because its sample is kept there.
 * @throws TributaryError when the API refuses or does not answer.
 */
export async function followImport(place: FollowPlace, listed: ImportRecord, http: HttpFactory): Promise<ImportRecord> {
  const { connection, dataDir, clock, signal } = place;
  const job = readJob(dataDir, listed.importId);
  const { imports } = connection.source;
  // When Kafka was unavailable at the end of an upload, only this machine's job file knows that the upload ended.
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
    const what = kind === 'profiles' ? 'no row has an e-mail address' : 'no event has an e-mail address';
    return { processed: null, processedBy: `unknown: ${what} to check by; see the vendor's page` };
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
