import { CUT } from './cut.ts';
import { encodings } from './secret-forms.ts';
import { SECRET_WORDS } from './secret-names.ts';

/** Removes secrets from texts. There is one per process: all secrets are added to it, and every text that leaves the process passes through it. */
export interface Redactor {
  /** Secrets shorter than {@link shortestSecret} are ignored, because hiding them would make text unreadable. */
  add(secret: string): void;
  /** Runs in time linear in the length of the text. */
  redact(text: string): string;
  /** A copy of plain data without the known secrets, in member names too. Values that only look like a credential stay, because a cursor must keep working. */
  redactAll<T>(value: T): T;
}

export const shortestSecret = 4;
/** Replacements for a secret. The first one is used whose characters occur in no secret, so that the masked text never forms a secret. */
const MASKS = ['***', '•••', '###', '␀␀␀'] as const;

const NAMES = SECRET_WORDS.join('|');
/** Values that are credentials wherever they occur, known or not. Every repetition is bounded or cannot overlap its neighbour, so matching is linear. */
const CREDENTIALS: readonly (readonly [RegExp, string])[] = [
  [/\b(Bearer|Basic|Klaviyo-API-Key)(?: {1,8}|%20)[A-Za-z0-9._~+/=:-]{4,}/gi, '$1 ***'],
  [new RegExp(`((?:^|[\\s,;{&?"'\\\\])(?:${NAMES})\\\\?["']?[ \\t]{0,8}[:=][ \\t]{0,8}\\\\?(["']))[^"'\\\\\\n]+`, 'gim'), '$1***'],
  [new RegExp(`((?:^|[\\s,;{&?])(?:${NAMES})[ \\t]{0,8}[:=][ \\t]{0,8})(?!["'\\\\\\s*])[^\\s&,;}"']+`, 'gim'), '$1***'],
  [/(\b[a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/@:]{0,200}:[^\s/@]{1,500}@/gi, '$1***@'],
];

/** A secret that was cut shorter than this (characters) tells nobody anything. */
const SHOWN_OF_CUT = 6;
/** Number of leading characters by which a secret form is looked up. */
const HEAD = shortestSecret;
const HASHES = 1 << 16;

export function createRedactor(): Redactor {
  const known = new Set<string>();
  /** Secret forms by their first characters, longest first. */
  const byHead = new Map<string, string[]>();
  /** Whether some form begins with characters of this hash. */
  const heads = new Uint8Array(HASHES);
  let mask: string = MASKS[0];

  function add(secret: string): void {
    for (const whole of [secret, ...longLines(secret)]) {
      if (whole.length < shortestSecret || known.has(whole)) continue;
      known.add(whole);
      for (const form of encodings(whole)) addForm(form);
    }
    mask = MASKS.find((one) => ![...known].some((text) => text.includes(one.charAt(0)))) ?? MASKS[0];
  }

  function addForm(form: string): void {
    if (form.length < HEAD) return;
    const head = form.slice(0, HEAD);
    const forms = byHead.get(head) ?? [];
    if (forms.includes(form)) return;
    forms.push(form);
    forms.sort((a, b) => b.length - a.length);
    byHead.set(head, forms);
    heads[hashOf(head, 0)] = 1;
  }

  /** Hides known secrets; overlapping matches are hidden as one. */
  function hideKnown(text: string): string {
    let out = '';
    let copied = 0;
    let until = -1;
    let from = -1;
    let cut = -1;
    /** Length of the beginning of a secret from `at` to the next place where the text was cut; 0 when there is none. */
    const begun = (forms: readonly string[], at: number): number => {
      if (cut < at) cut = text.indexOf(CUT, at);
      if (cut < 0) cut = text.length + 1;
      const part = cut - at;
      return part >= SHOWN_OF_CUT && forms.some((form) => form.length > part && text.startsWith(form.slice(0, part), at)) ? part : 0;
    };
    for (let at = 0; at + HEAD <= text.length; at += 1) {
      if (heads[hashOf(text, at)] === 0) continue;
      const forms = byHead.get(text.slice(at, at + HEAD));
      const length = forms?.find((form) => text.startsWith(form, at))?.length ?? (forms === undefined ? 0 : begun(forms, at));
      if (length === 0) continue;
      if (at > until) {
        if (until >= 0) {
          out += text.slice(copied, from) + mask;
          copied = until;
        }
        from = at;
      }
      until = Math.max(until, at + length);
    }
    return until < 0 ? text : out + text.slice(copied, from) + mask + text.slice(until);
  }

  function redact(text: string): string {
    let clean = hideKnown(text);
    for (const [shape, replacement] of CREDENTIALS) clean = clean.replace(shape, replacement);
    return clean;
  }

  return { add, redact, redactAll: (value) => mapped(value, hideKnown) as typeof value };
}

function hashOf(text: string, at: number): number {
  let hash = 0;
  for (let i = at; i < at + HEAD; i += 1) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) & (HASHES - 1);
  return hash;
}

/** Deeper than any data we build ourselves. */
const DEEPEST = 100;

function mapped(value: unknown, change: (text: string) => string, levels = DEEPEST): unknown {
  if (typeof value === 'string') return change(value);
  if (typeof value !== 'object' || value === null) return value;
  if (levels === 0) return null;
  if (Array.isArray(value)) return value.map((item) => mapped(item, change, levels - 1));
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [change(name), mapped(item, change, levels - 1)]));
}

/** The lines of a key file, which logs often print one by one. */
function longLines(secret: string): string[] {
  if (!secret.includes('\n')) return [];
  return secret.split(/\r?\n/).filter((line) => line.length >= 16 && !line.startsWith('-----'));
}
