import { asTributaryError } from '../core/errors.ts';
import { fileTrouble } from '../core/local-folder.ts';
import type { Paint } from '../observability/text.ts';

/** What one look at something found: all is well, or what is wrong and what to do. */
export interface CheckFinding {
  readonly what: string;
  readonly ok: boolean;
  readonly text: string;
  readonly remedy?: string;
  readonly kind?: string;
}

/** The finding of a look that answers what it saw or throws what is wrong. Throws on only what interrupts the command. */
export async function finding(what: string, look: () => Promise<string>): Promise<CheckFinding> {
  try {
    return { what, ok: true, text: await look() };
  } catch (thrown) {
    const error = fileTrouble(thrown) ?? asTributaryError(thrown, `Checking ${what}`);
    if (error.kind === 'stopped') throw error;
    return { what, ok: false, text: error.message, kind: error.kind, ...(error.remedy === undefined ? {} : { remedy: error.remedy }) };
  }
}

export function findingText({ what, ok, text, remedy }: CheckFinding, paint: Paint): string {
  return `${ok ? paint.good('ok  ') : paint.bad('FAIL')}  ${what}: ${text}${remedy === undefined ? '' : `\n      ${remedy}`}`;
}
