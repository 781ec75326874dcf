/** A sparse fieldset: for each attribute the requested parts, or null for all of it. */
export type Fields = Map<string, Set<string> | null>;

/** Renders the requested attributes in the vendor's order. */
export function renderAttributes(
  names: readonly string[],
  fields: Fields | undefined,
  render: (name: string, parts: Set<string> | null) => string,
): string {
  let text = '';
  for (const name of names) {
    if (fields && !fields.has(name)) continue;
    text += `${text === '' ? '' : ','}"${name}":${render(name, fields?.get(name) ?? null)}`;
  }
  return text;
}

/** Keeps only the named members of an object in JSON text; other values stay as they are. */
export function onlyParts(text: string, parts: Set<string> | null): string {
  if (parts === null || !text.startsWith('{')) return text;
  const whole = JSON.parse(text) as Record<string, unknown>;
  return JSON.stringify(Object.fromEntries([...parts].filter((part) => part in whole).map((part) => [part, whole[part]])));
}
