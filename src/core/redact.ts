import { encodings } from './secret-forms.ts';
import { SECRET_WORDS } from './secret-names.ts';

/** Hides everything that must not be shown. One per process: whoever learns of a secret adds it, and every text that leaves passes it. */
export interface Redactor {
  /** Secrets shorter than {@link shortestSecret} are ignored: hiding them would only make text unreadable. */
  add(secret: string): void;
  /** In time linear in the text. */
  redact(text: string): string;
  /** A copy of plain data with every known secret in it hidden, in member names too. What only looks like one stays: a cursor must work. */
  redactAll<T>(value: T): T;
}

export const shortestSecret = 4;
/** What stands for a secret: the first one none of whose characters is in any secret, so that what is left never makes one. */
const MASKS = ['***', '•••', '###', '␀␀␀'] as const;

const NAMES = SECRET_WORDS.join('|');
/** Values that are credentials wherever they stand, whether or not we know them. Every repetition is bounded or cannot overlap its neighbour. */
const CREDENTIALS: readonly (readonly [RegExp, string])[] = [
  [/\b(Bearer|Basic|Klaviyo-API-Key)(?: {1,8}|%20)[A-Za-z0-9._~+/=:-]{4,}/gi, '$1 ***'],
  [new RegExp(`((?:^|[\\s,;{&?"'\\\\])(?:${NAMES})\\\\?["']?[ \\t]{0,8}[:=][ \\t]{0,8}\\\\?(["']))[^"'\\\\\\n]+`, 'gim'), '$1***'],
  [new RegExp(`((?:^|[\\s,;{&?])(?:${NAMES})[ \\t]{0,8}[:=][ \\t]{0,8})(?!["'\\\\\\s*])[^\\s&,;}"']+`, 'gim'), '$1***'],
  [/(\b[a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/@:]{0,200}:[^\s/@]{1,500}@/gi, '$1***@'],
];

/** Characters of a form by which it is looked for. */
const HEAD = shortestSecret;
const HASHES = 1 << 16;

export function createRedactor(): Redactor {
  const known = new Set<string>();
  /** Forms by their first characters, the longest first. */
  const byHead = new Map<string, string[]>();
  /** Whether a form may begin with characters of that hash. */
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

  /** Stretches that overlap are hidden as one. */
  function hideKnown(text: string): string {
    let out = '';
    let copied = 0;
    let until = -1;
    let from = -1;
    for (let at = 0; at + HEAD <= text.length; at += 1) {
      if (heads[hashOf(text, at)] === 0) continue;
      const length = byHead.get(text.slice(at, at + HEAD))?.find((form) => text.startsWith(form, at))?.length ?? 0;
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

/** Deeper than anything we build ourselves. */
const DEEPEST = 100;

function mapped(value: unknown, change: (text: string) => string, levels = DEEPEST): unknown {
  if (typeof value === 'string') return change(value);
  if (typeof value !== 'object' || value === null) return value;
  if (levels === 0) return null;
  if (Array.isArray(value)) return value.map((item) => mapped(item, change, levels - 1));
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [change(name), mapped(item, change, levels - 1)]));
}

/** Lines of a key file, which logs often show one by one. */
function longLines(secret: string): string[] {
  if (!secret.includes('\n')) return [];
  return secret.split(/\r?\n/).filter((line) => line.length >= 16 && !line.startsWith('-----'));
}
