/**
 * The scans of a table. Every scan that begins gets the next serial number; a row stores the serial of the last scan that
 * saw it. The serial of a dropped scan is not used again and does not count.
 */
export interface ScanLog {
  /** Serial number of the newest scan that has begun. */
  serial: number;
  /** Serial numbers of the last complete scans, oldest first. */
  complete: number[];
  current: OpenScan | undefined;
  /** The writer session that this index is open for. */
  session: string;
}

export interface OpenScan {
  id: string;
  /** Number of rows it has seen. */
  seen: number;
  /** Whether it was recorded here from its first page on. */
  whole: boolean;
  /** For each session that recorded part of the scan and may have committed pages: the last page it recorded. The last entry is the current session. */
  sessions: ScanCustody[];
}

/**
 * Which session recorded a scan last, and up to which page. It is committed to `_state` with every page, because only the
 * index that recorded exactly the committed pages may judge which rows the scan did not show. Otherwise a worker that was
 * suspended during a listing, and returns after another worker has continued it, would take the rows of the other's
 * pages for vanished ones.
 */
export interface ScanCustody {
  readonly session: string;
  readonly pages: number;
}

/** Complete scans that are remembered; more than the `absentScans` of any table. */
const REMEMBERED = 16;

export const emptyScanLog = (): ScanLog => ({ serial: 0, complete: [], current: undefined, session: '' });

export function begun(log: ScanLog, id: string, whole: boolean): ScanLog {
  const { session } = log;
  return { serial: log.serial + 1, complete: log.complete, session, current: { id, seen: 0, whole, sessions: [{ session, pages: 0 }] } };
}

/** The log for a new session. `committed` is the open scan that `_state` records; an open scan of the log that differs from it in id or page is dropped. */
export function adopted(log: ScanLog, session: string, committed: ({ readonly id: string } & Partial<ScanCustody>) | undefined): ScanLog {
  const { current } = log;
  if (current === undefined || committed === undefined || current.id !== committed.id) return { ...log, session, current: undefined };
  const last = current.sessions.find((one) => one.session === committed.session);
  const { pages = Infinity } = committed;
  if (last === undefined || last.pages < pages) return { ...log, session, current: undefined };
  return {
    ...log,
    session,
    current: {
      ...current,
      sessions: [
        { session: last.session, pages },
        { session, pages },
      ],
    },
  };
}

export function custodyOf({ current }: ScanLog): ScanCustody | undefined {
  return current?.sessions.at(-1);
}

export function seenMore(log: ScanLog, seen: number): ScanLog {
  return log.current === undefined ? log : { ...log, current: { ...log.current, seen: log.current.seen + seen } };
}

export function pageMore(log: ScanLog): ScanLog {
  const { current } = log;
  const last = current?.sessions.at(-1);
  if (current === undefined || last === undefined) return log;
  return { ...log, current: { ...current, sessions: [...current.sessions.slice(0, -1), { ...last, pages: last.pages + 1 }] } };
}

/** The log after the open scan has completed. */
export function ended(log: ScanLog): ScanLog {
  return { ...log, complete: [...log.complete, log.serial].slice(-REMEMBERED), current: undefined };
}

/**
 * Rows with a lower serial number than the result were missing in the last `absentScans` complete scans, the open one
 * counted as complete. Undefined when there have been fewer scans.
 */
export function vanishedBelow(log: ScanLog, absentScans: number): number | undefined {
  const scans = log.current === undefined ? log.complete : [...log.complete, log.serial];
  return scans[scans.length - absentScans];
}

/** New serial number for a row that the ending scan could not look for, so that this scan does not count as missing it. */
export function excused(log: ScanLog, lastSeen: number): number {
  return [...log.complete, log.serial].find((serial) => serial > lastSeen) ?? lastSeen;
}
