/** Hides everything that must not be shown. One per process; settings register their secrets here. */
export interface Redactor {
  /** Secrets shorter than {@link shortestSecret} are ignored: hiding them would only make text unreadable. */
  add(secret: string): void;
  redact(text: string): string;
}

export const shortestSecret = 4;
/** Shorter than any secret, so that replacing until nothing is left must end. */
const mask = '***';

const credentialHeaders = [
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
  'api-key',
  'x-api-key',
  'apikey',
  'x-auth-token',
  'x-pendo-integration-key',
  'password',
  'passwd',
  'secret',
  'client_secret',
  'access_token',
  'refresh_token',
  'token',
].join('|');

/** Values that are credentials wherever they stand, whether or not we know them. */
const credentialShapes: readonly (readonly [RegExp, string])[] = [
  [/\b(Bearer|Basic|Klaviyo-API-Key)(\s+|%20)[A-Za-z0-9._~+/=:-]{4,}/gi, `$1 ${mask}`],
  [new RegExp(`((?:^|[\\s,;{&?"'\\\\])(?:${credentialHeaders})\\\\?["']?\\s*[:=]\\s*\\\\?["'])((?:(?!\\\\?["']).)+)`, 'gim'), `$1${mask}`],
  [new RegExp(`((?:^|[\\s,;{&?])(?:${credentialHeaders})\\s*[:=]\\s*)(?!["'\\\\\\s*])([^\\s&,;}"']+)`, 'gim'), `$1${mask}`],
  [/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@:]*:[^\s/@]+@/gi, `$1${mask}@`],
];

export function createRedactor(): Redactor {
  const forms = new Set<string>();
  let pattern: RegExp | undefined;
  return {
    add(secret) {
      for (const whole of [secret, ...longLines(secret)]) {
        if (whole.length < shortestSecret) continue;
        for (const form of formsOf(whole)) if (form.length >= shortestSecret) forms.add(form);
      }
      const sorted = [...forms].sort((a, b) => b.length - a.length).map(escapePattern);
      pattern = sorted.length === 0 ? undefined : new RegExp(sorted.join('|'), 'g');
    },
    redact(text) {
      let clean = text;
      for (const [shape, replacement] of credentialShapes) clean = clean.replace(shape, replacement);
      if (!pattern) return clean;
      for (;;) {
        const next = clean.replace(pattern, mask);
        if (next === clean) return clean;
        clean = next;
      }
    },
  };
}

/** Lines of a key file, which logs often show one by one. */
function longLines(secret: string): string[] {
  if (!secret.includes('\n')) return [];
  return secret.split(/\r?\n/).filter((line) => line.length >= 16 && !line.startsWith('-----'));
}

function formsOf(secret: string): string[] {
  const json = JSON.stringify(secret).slice(1, -1);
  const forms = [secret, json, JSON.stringify(json).slice(1, -1), ...base64Forms(secret)];
  try {
    const uri = encodeURIComponent(secret);
    forms.push(
      uri,
      uri.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
      encodeURI(secret),
    );
  } catch {
    // A lone surrogate has no URL form.
  }
  forms.push(new URLSearchParams([['', secret]]).toString().slice(1));
  return forms;
}

/** What any base64 text that holds the secret must contain: one form per alignment, in both alphabets. */
function base64Forms(secret: string): string[] {
  const bytes = Buffer.from(secret, 'utf8');
  return [0, 1, 2].flatMap((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replaceAll('=', '');
    const first = Math.ceil((offset * 8) / 6);
    const whole = Math.floor(((offset + bytes.length) * 8) / 6);
    const core = text.slice(first, whole);
    return [core, core.replaceAll('+', '-').replaceAll('/', '_')];
  });
}

function escapePattern(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}
