/** Like JSON.parse, but an integer that does not fit a double becomes a bigint. */
export function parseLossless(text: string): unknown {
  // Numbers of fewer than sixteen digits fit a double, and the built-in parser is much faster.
  if (!/\d{16}/.test(text)) return JSON.parse(text) as unknown;
  const numbers = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
  let at = 0;

  function fail(): never {
    throw new SyntaxError(`Not JSON at character ${at}.`);
  }
  function space(): void {
    while (at < text.length && ' \n\r\t'.includes(text[at] as string)) at++;
  }
  function string(): string {
    const from = at++;
    while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
    at++;
    return JSON.parse(text.slice(from, at)) as string;
  }
  function number(): number | bigint {
    numbers.lastIndex = at;
    const found = numbers.exec(text)?.[0] ?? fail();
    at += found.length;
    const value = Number(found);
    return /^-?\d+$/.test(found) && !Number.isSafeInteger(value) ? BigInt(found) : value;
  }
  function list(): unknown[] {
    const items: unknown[] = [];
    at++;
    space();
    if (text[at] === ']') return (at++, items);
    for (;;) {
      items.push(value());
      space();
      const mark = text[at++];
      if (mark === ']') return items;
      if (mark !== ',') fail();
    }
  }
  function object(): Record<string, unknown> {
    const entries: [string, unknown][] = [];
    at++;
    space();
    if (text[at] === '}') return (at++, {});
    for (;;) {
      space();
      if (text[at] !== '"') fail();
      const name = string();
      space();
      if (text[at++] !== ':') fail();
      entries.push([name, value()]);
      space();
      const mark = text[at++];
      if (mark === '}') return Object.fromEntries(entries);
      if (mark !== ',') fail();
    }
  }
  function literal<T>(word: string, meaning: T): T {
    if (!text.startsWith(word, at)) fail();
    at += word.length;
    return meaning;
  }
  function value(): unknown {
    space();
    switch (text[at]) {
      case '{':
        return object();
      case '[':
        return list();
      case '"':
        return string();
      case 't':
        return literal('true', true);
      case 'f':
        return literal('false', false);
      case 'n':
        return literal('null', null);
      default:
        return number();
    }
  }

  const whole = value();
  space();
  if (at !== text.length) fail();
  return whole;
}
