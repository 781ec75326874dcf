import { asTributaryError } from '../core/errors.ts';
import { shown } from '../core/shown.ts';
import { fileError } from '../core/local-folder.ts';
import type { Paint } from '../observability/text.ts';

/** The result of one check: good, or what is wrong and what to do. */
export interface CheckFinding {
  readonly what: string;
  readonly ok: boolean;
  /** Nothing was looked at, so `ok` says nothing but that no fault was found. */
  readonly skipped?: true;
  readonly text: string;
  readonly remedy?: string;
  readonly kind?: string;
}

/** Runs a check, which returns what it saw or throws what is wrong. Rethrows only an interruption of the command. */
export async function finding(what: string, look: () => Promise<string>): Promise<CheckFinding> {
  try {
    return { what, ok: true, text: await look() };
  } catch (thrown) {
    const error = fileError(thrown) ?? asTributaryError(thrown, `Checking ${what}`);
    if (error.kind === 'stopped') throw error;
    return { what, ok: false, text: error.message, kind: error.kind, ...(error.remedy === undefined ? {} : { remedy: error.remedy }) };
  }
}

export function findingText({ what, ok, skipped, text, remedy }: CheckFinding, paint: Paint): string {
  return `${skipped ? 'skip' : ok ? paint.good('ok  ') : paint.bad('FAIL')}  ${what}: ${shown(text)}${remedy === undefined ? '' : `\n      ${remedy}`}`;
}
