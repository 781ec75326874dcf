/** Longer secrets (key files) are not searched for in doubly encoded form; each of their lines is. */
const LONGEST_TWICE = 600;

/** Every form in which a secret may occur in a text: as it is, encoded, or encoded twice, by the same or by two encodings. */
export function encodings(secret: string): ReadonlySet<string> {
  const once = new Set(formsOf(secret));
  if (secret.length > LONGEST_TWICE) return once;
  return new Set([...once].flatMap((form) => [form, ...formsOf(form)]));
}

function formsOf(text: string): string[] {
  return [text, ...jsonForms(text), ...xmlForms(text), ...urlForms(text), ...base64Forms(text), ...hexForms(text)];
}

function jsonForms(text: string): string[] {
  const json = JSON.stringify(text).slice(1, -1);
  const ascii = json.replace(/[\u007f-\uffff]/g, (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return [
    json,
    json.replaceAll('/', '\\/'),
    ascii,
    ascii.replaceAll('/', '\\/'),
    json.replace(/[<>&]/g, (mark) => `\\u00${mark.charCodeAt(0).toString(16)}`),
  ];
}

function xmlForms(text: string): string[] {
  const least = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const quoted = least.replaceAll('"', '&quot;');
  return [
    least,
    quoted,
    ...['&apos;', '&#39;', '&#x27;'].map((mark) => quoted.replaceAll("'", mark)),
    quoted.replaceAll('&quot;', '&#34;').replaceAll("'", '&#39;'),
  ];
}

function urlForms(text: string): string[] {
  // Through bytes, because a lone surrogate has no URL encoding and would throw.
  const whole = Buffer.from(text).toString();
  const uri = encodeURIComponent(whole);
  const strict = uri.replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
  const form = new URLSearchParams([['', whole]]).toString().slice(1);
  return [uri, strict, encodeURI(whole), form].flatMap((one) => [one, one.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())]);
}

/** The part that every base64 text containing the secret must contain: one form per alignment, in both alphabets. */
function base64Forms(text: string): string[] {
  const bytes = Buffer.from(text, 'utf8');
  return [0, 1, 2].flatMap((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
    const core = encoded.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6));
    return [core, core.replaceAll('+', '-').replaceAll('/', '_')];
  });
}

function hexForms(text: string): string[] {
  const hex = Buffer.from(text, 'utf8').toString('hex');
  return [hex, hex.toUpperCase()];
}
