import type { Altered, Dice } from './mutation.ts';
import { nastyTexts } from './nasty.ts';

interface Element {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly inner: readonly [number, number];
  readonly depth: number;
  readonly parent: Element | undefined;
}

/** Elements of well-formed XML without comments or CDATA, as our simulator writes it. */
function elementsOf(text: string): Element[] {
  const found: Element[] = [];
  const open: { name: string; from: number; start: number; slot: number }[] = [];
  for (const match of text.matchAll(/<(\/?)([A-Za-z_][\w:.-]*)([^<>]*?)(\/?)>/g)) {
    const [whole, closing, name = '', , single] = match;
    const at = match.index;
    if (closing === '/') {
      const begun = open.pop();
      if (begun === undefined) return found;
      found.push({ name, from: begun.from, to: at + whole.length, inner: [begun.start, at], depth: open.length, parent: undefined });
    } else if (single === '/')
      found.push({
        name,
        from: at,
        to: at + whole.length,
        inner: [at + whole.length, at + whole.length],
        depth: open.length,
        parent: undefined,
      });
    else open.push({ name, from: at, start: at + whole.length, slot: found.length });
  }
  return found;
}

/** `Envelope`, `Body`, `XResponse`, `XResult`, row: what lies deeper belongs to one row. */
const ROW_DEPTH = 4;

const valuesOf = (xml: string): Set<string> => new Set([...xml.matchAll(/>([^<>]+)</g)].map(([, value = '']) => value));

/** Values of the row in which that place of the text lies. */
export function rowAround(text: string, at: number): Set<string> {
  const row = elementsOf(text).find((one) => one.depth === ROW_DEPTH && one.from <= at && one.to >= at);
  return row === undefined ? new Set() : valuesOf(text.slice(row.from, row.to));
}

/** Changes one thing in an XML answer. Undefined when there is nothing to change. */
export function mutateXml(text: string, dice: Dice, echo: string): Altered | undefined {
  const all = elementsOf(text);
  if (all.length === 0) return undefined;
  const depth = dice.below(5);
  const some = all.filter((element) => (depth === 4 ? element.depth >= 4 : element.depth === depth));
  const element = dice.of(some.length > 0 ? some : all);
  const row = all.find((one) => one.depth === ROW_DEPTH && one.from <= element.from && one.to >= element.to);
  const touched = row === undefined ? new Set<string>() : valuesOf(text.slice(row.from, row.to));
  const whole = text.slice(element.from, element.to);
  const inner = text.slice(...element.inner);
  const put = (xml: string): string => text.slice(0, element.from) + xml + text.slice(element.to);
  const within = (xml: string): string => `<${element.name}>${xml}</${element.name}>`;
  const rows = element.depth === ROW_DEPTH - 1;
  const made = (what: string, xml: string, emptied = false): Altered => ({
    text: put(xml),
    what: `${element.name} ${what}`,
    touched,
    // A result without rows is an answer without rows.
    everything: emptied && rows,
  });
  const untouched = { touched: new Set<string>() };
  const [nastyName, nastyText] = dice.of(nastyTexts(echo));
  const escaped = nastyText.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return dice.of<() => Altered>([
    () => made('is missing', '', false),
    () => made('is empty', within(''), true),
    () => made('is closed at once', `<${element.name}/>`, true),
    () => made('is nil', `<${element.name} xsi:nil="true" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"/>`, true),
    // A row that stands twice is still there.
    () => ({ ...made('stands twice', whole + whole), ...(element.depth === ROW_DEPTH && untouched) }),
    () => made('has another name', `<Other>${inner}</Other>`),
    () => made('has a notice instead', within('<Notice>moved</Notice>')),
    () => made('is a comment', `<!-- ${inner.replaceAll('--', '')} -->`),
    () => made('is CDATA', within(`<![CDATA[${inner}]]>`)),
    () => made('is nested 500 deep', within(`${'<a>'.repeat(500)}${'</a>'.repeat(500)}`)),
    () => made('is nested 20,000 deep', within(`${'<a>'.repeat(20_000)}${'</a>'.repeat(20_000)}`)),
    () => made('has 24 comments', within(`${'<!---->'.repeat(24)}${inner}`)),
    () => made('has an entity of ours', within('&secret;')),
    () => made('has a broken entity', within('&#xFFFFFFFF;&#0;')),
    () => made('is not closed', `<${element.name}>${inner}`),
    () => made(`is ${nastyName}`, within(escaped)),
    () => made(`is ${nastyName}`, within(escaped)),
    () => ({
      ...made('comes after a DOCTYPE', whole),
      ...untouched,
      text: `<!DOCTYPE a [<!ENTITY secret SYSTEM "file:///etc/hostname">]>${text}`,
    }),
    () => ({ ...made('is within another answer', whole), ...untouched, text: `<a>${text}</a>` }),
  ])();
}
