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

/** Up to which element a change means that there are no rows. */
type Emptied = 'never' | 'result' | 'response';

/**
 * Whether an answer in which that element is empty or left out is the service's own way of saying that there are no rows: a
 * missing result, an empty result, or an empty response element.
 */
function saysNoRows({ depth, name }: Element, emptied: Emptied): boolean {
  if (emptied === 'never') return false;
  if (depth === ROW_DEPTH - 1) return name.endsWith('Result');
  return emptied === 'response' && depth === ROW_DEPTH - 2 && name.endsWith('Response');
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
  const made = (what: string, xml: string, emptied: Emptied = 'never'): Altered => ({
    text: put(xml),
    what: `${element.name} ${what}`,
    touched,
    everything: saysNoRows(element, emptied),
  });
  const untouched = { touched: new Set<string>() };
  const [nastyName, nastyText] = dice.of(nastyTexts(echo));
  const escaped = nastyText.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  // Space between elements means nothing.
  const blank = nastyText.trim() === '' ? 'response' : 'never';
  return dice.of<() => Altered>([
    () => made('is missing', '', 'result'),
    () => made('is empty', within(''), 'response'),
    () => made('is closed at once', `<${element.name}/>`, 'response'),
    () => made('is nil', `<${element.name} xsi:nil="true" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"/>`, 'result'),
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
    () => made(`is ${nastyName}`, within(escaped), blank),
    () => made(`is ${nastyName}`, within(escaped), blank),
    () => ({
      ...made('comes after a DOCTYPE', whole),
      ...untouched,
      text: `<!DOCTYPE a [<!ENTITY secret SYSTEM "file:///etc/hostname">]>${text}`,
    }),
    () => ({ ...made('is within another answer', whole), ...untouched, text: `<a>${text}</a>` }),
  ])();
}
