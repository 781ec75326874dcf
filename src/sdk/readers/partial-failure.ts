import { TributaryError } from '../../core/errors.ts';

/**
 * What the error of one part of a run (a parent, an item, a day) means for the run. `refused`: the vendor always refuses some
 * parts, so the user is warned. `unreadable`: the answer held data that could not be read, so the run fails once all other parts
 * have been read.
 */
export type PartFault = 'refused' | 'unreadable';

/** Tells what the error of one part means; undefined for an error that stops the run at once. */
export type JudgePart = (error: TributaryError) => PartFault | undefined;

/** The error of one part of a run that goes on with the others. */
export interface PartFailure {
  readonly error: TributaryError;
  readonly fault: PartFault;
}

/** The error as that of one part. Throws it again when it stops the run. */
export function partFailure(error: unknown, judge: JudgePart): PartFailure {
  const fault = error instanceof TributaryError ? judge(error) : undefined;
  if (fault === undefined) throw error;
  return { error: error as TributaryError, fault };
}

/** Throws the first unreadable part's error. Called at the end of a run, after its last page. */
export function throwUnreadable(failures: readonly PartFailure[]): void {
  const unreadable = failures.find(({ fault }) => fault === 'unreadable');
  if (unreadable !== undefined) throw unreadable.error;
}
