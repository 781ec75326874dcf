/**
 * Which scans there were. Every scan that begins takes the next serial; a row's serial is that of the last scan that
 * saw it. Scans that were given up leave a gap and count for nothing.
 */
export interface ScanLog {
  /** Serial of the newest scan that has begun. */
  serial: number;
  /** Serials of the last complete scans, oldest first. */
  complete: number[];
  current: { id: string; seen: number } | undefined;
}

/** Complete scans that are remembered: more than any table's `absentScans`. */
const REMEMBERED = 16;

export const emptyScanLog = (): ScanLog => ({ serial: 0, complete: [], current: undefined });

export function begun(log: ScanLog, id: string): ScanLog {
  return { serial: log.serial + 1, complete: log.complete, current: { id, seen: 0 } };
}

/** The log after the open scan has completed. */
export function ended(log: ScanLog): ScanLog {
  return { serial: log.serial, complete: [...log.complete, log.serial].slice(-REMEMBERED), current: undefined };
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
