/**
 * Which scans there were. Every scan that begins takes the next serial; a row's serial is that of the last scan that
 * saw it. Scans that were given up leave a gap and count for nothing.
 */
export interface ScanLog {
  /** Serial of the newest scan that has begun. */
  serial: number;
  /** Serials of the last complete scans, oldest first. */
  complete: number[];
  current: OpenScan | undefined;
  /** The writer's session that this index is open for. */
  session: string;
}

export interface OpenScan {
  id: string;
  /** Rows it has seen. */
  seen: number;
  /** Recorded here from its first page on. */
  whole: boolean;
  /** Pages recorded at the end of each session that had a part in it and may have committed some; the last is the present one. */
  sessions: ScanCustody[];
}

/**
 * Who recorded a scan last, and up to which page. Goes into `_state` with every page: only the index that has recorded
 * the very pages that were committed may judge what the scan did not show. Without it a worker that was stopped in a
 * listing, and comes back after another one has gone on with it, would take the other one's pages for rows that vanished.
 */
export interface ScanCustody {
  readonly session: string;
  readonly pages: number;
}

/** Complete scans that are remembered: more than any table's `absentScans`. */
const REMEMBERED = 16;

export const emptyScanLog = (): ScanLog => ({ serial: 0, complete: [], current: undefined, session: '' });

export function begun(log: ScanLog, id: string, whole: boolean): ScanLog {
  const { session } = log;
  return { serial: log.serial + 1, complete: log.complete, session, current: { id, seen: 0, whole, sessions: [{ session, pages: 0 }] } };
}

/** The log in a new session, in which `committed` is what `_state` knows of a scan under way. An open scan that is not that one, page for page, is given up. */
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
 * Rows with a lower serial were missing in the last `absentScans` complete scans, the open one counted as complete.
 * Undefined while there were not that many.
 */
export function vanishedBelow(log: ScanLog, absentScans: number): number | undefined {
  const scans = log.current === undefined ? log.complete : [...log.complete, log.serial];
  return scans[scans.length - absentScans];
}

/** The serial of a row that the ending scan could not look for, so that this scan does not count as missing it. */
export function excused(log: ScanLog, lastSeen: number): number {
  return [...log.complete, log.serial].find((serial) => serial > lastSeen) ?? lastSeen;
}
