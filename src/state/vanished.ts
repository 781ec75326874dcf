import { deleteThreshold } from './delete-threshold.ts';

/** What is known at the end of a scan. */
export interface ScanFacts {
  /** Whether the live index has recorded the scan from its beginning. */
  readonly intact: boolean;
  /** Number of distinct rows that the vendor announced, where it announces one. */
  readonly announced?: number;
  /** Number of distinct rows that the scan listed, unusable ones included. */
  readonly seen: number;
  /** Number of live rows before any delete. */
  readonly live: number;
  /** Number of live rows that the scan did not show. */
  readonly vanished: number;
  /** Number of deletes that a user has allowed for this table. */
  readonly allowed: number;
}

export type VanishDecision =
  { readonly release: true } | { readonly release: false; readonly reason: WithholdReason; readonly text: string };

export type WithholdReason = 'scan_not_intact' | 'total_disagrees' | 'empty_listing' | 'too_many';

/**
 * Decides whether the vanished rows of a scan may be deleted: all of them or none. Allowed deletes cover an implausible
 * result up to their number; a scan that is not intact proves nothing, whether deletes are allowed or not.
 */
export function decideVanished(facts: ScanFacts): VanishDecision {
  const { vanished, allowed, announced, seen, live } = facts;
  if (vanished === 0) return { release: true };
  if (!facts.intact) {
    return withhold('scan_not_intact', 'The listing was not recorded from its beginning to its end; the next complete listing decides.');
  }
  if (announced !== undefined && announced !== seen && vanished > allowed) {
    return withhold('total_disagrees', `The vendor announced ${announced} rows and listed ${seen}.`);
  }
  if (seen === 0 && vanished > allowed) {
    return withhold('empty_listing', `The listing was empty, and the topic holds ${live} rows.`);
  }
  if (vanished > deleteThreshold(live) + allowed) {
    return withhold('too_many', `${vanished} of ${live} rows are missing at once.`);
  }
  return { release: true };
}

const withhold = (reason: WithholdReason, text: string): VanishDecision => ({ release: false, reason, text });
