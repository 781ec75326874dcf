import type { Fields } from './fields.ts';
import type { Spoil } from './world.ts';

const FIVE_MEGABYTES = 5_000_000;

const UNKNOWN = Array.from({ length: 10_000 }, (_, i) => `"surprise_${String(i).padStart(5, '0')}":${i}`).join(',');
/** Escaped lone surrogates: legal in JSON text, but not legal Unicode. */
const HALVES = '{"half":"\\ud83d","key\\udc00":"\\ud800x","fine":"😀"}';

/** A value of a type the attribute never has. */
function wrong(name: string): string {
  if (['created', 'updated', 'last_event_date', 'datetime'].includes(name)) return '[true]';
  if (name === 'location') return '"somewhere"';
  if (name === 'properties' || name === 'event_properties') return '"none"';
  if (name === 'timestamp') return '"soon"';
  return '{"not":["what","you","think"]}';
}

function replace(attributes: string, names: readonly string[], fields: Fields | undefined, changes: Record<string, string>): string {
  const wanted = names.filter((name) => (!fields || fields.has(name)) && name in changes);
  if (wanted.length === 0) return attributes;
  // Parsing and printing would change wide integers, so the other attributes are copied as text.
  const kept = splitMembers(attributes).filter(([name]) => !wanted.includes(name));
  return [...kept.map(([, text]) => text), ...wanted.map((name) => `"${name}":${changes[name]}`)].join(',');
}

/** The members of an object's text, each with its own text. */
function splitMembers(text: string): [name: string, text: string][] {
  const members: [string, string][] = [];
  let depth = 0;
  let inString = false;
  let from = 0;
  const push = (to: number): void => {
    const member = text.slice(from, to);
    if (member !== '') members.push([member.slice(1, member.indexOf('"', 1)), member]);
    from = to + 1;
  };
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (inString) {
      if (c === '\\') i++;
      else if (c === '"') inString = false;
    } else if (c === '"') inString = true;
    else if (c === '{' || c === '[') depth++;
    else if (c === '}' || c === ']') depth--;
    else if (c === ',' && depth === 0) push(i);
  }
  push(text.length);
  return members;
}

export function spoiltProfileAttributes(spoil: Spoil, attributes: string, names: readonly string[], fields: Fields | undefined): string {
  switch (spoil) {
    case 'wrong-types':
      return replace(attributes, names, fields, Object.fromEntries(names.map((name) => [name, wrong(name)])));
    case 'unknown-fields':
      return fields ? attributes : `${attributes},${UNKNOWN}`;
    case 'lone-surrogates':
      return replace(attributes, names, fields, { first_name: '"Ada\\ud83d"', properties: HALVES });
    case 'extreme-years':
      return replace(attributes, names, fields, { created: '"0000-01-01T00:00:00+00:00"', last_event_date: '"9999-12-31T23:59:59+00:00"' });
    case 'oversize':
      return replace(attributes, names, fields, { properties: `{"blob":"${'x'.repeat(FIVE_MEGABYTES)}"}` });
  }
}

export function spoiltEventAttributes(
  spoil: Spoil,
  row: number,
  attributes: string,
  names: readonly string[],
  fields: Fields | undefined,
): string {
  switch (spoil) {
    case 'wrong-types':
      return replace(attributes, names, fields, Object.fromEntries(names.map((name) => [name, wrong(name)])));
    case 'unknown-fields':
      return fields ? attributes : `${attributes},${UNKNOWN}`;
    case 'lone-surrogates':
      return replace(attributes, names, fields, { event_properties: HALVES });
    case 'extreme-years':
      return replace(
        attributes,
        names,
        fields,
        row % 2 === 0
          ? { datetime: '"0000-01-01T00:00:00+00:00"', timestamp: '-62167219200' }
          : { datetime: '"9999-12-31T23:59:59+00:00"', timestamp: '253402300799' },
      );
    case 'oversize':
      return replace(attributes, names, fields, { event_properties: `{"$event_id":"big-${row}","blob":"${'x'.repeat(FIVE_MEGABYTES)}"}` });
  }
}
