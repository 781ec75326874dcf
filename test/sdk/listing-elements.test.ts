import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJson } from '../../src/core/json/parse.ts';
import type { Json } from '../../src/core/types.ts';
import { type LaterElement, type ListElement, parseListing, type RowsOfElements } from '../../src/sdk/http/listing-elements.ts';

/** An element that is parsed when all of the document has been read. */
class Later {
  readonly parsed: () => Json;
  readonly bytes: () => Buffer;
  constructor(element: LaterElement) {
    this.parsed = () => element.parsed();
    this.bytes = () => element.bytes;
  }
}

/** Parses every element, those that may wait at once or later, in turns of so many. */
const parsing =
  (turn: number): RowsOfElements =>
  () => {
    let n = 0;
    return (element: ListElement) => {
      n += 1;
      return element.mayWait && Math.floor(n / turn) % 2 === 0 ? (new Later(element.leftForLater()) as never) : element.parsed();
    };
  };

/** The document with what was left for later, each parsed twice. */
async function whole(document: Promise<Json>): Promise<Json> {
  const { data, ...rest } = (await document) as { readonly data?: unknown };
  if (!Array.isArray(data)) return document;
  const once = data.map((one: unknown) => (one instanceof Later ? one.parsed() : (one as Json)));
  const again = data.map((one: unknown) => (one instanceof Later ? one.parsed() : (one as Json)));
  expect(again).toEqual(once);
  expect(data.map((one: unknown) => (one instanceof Later ? parseJson(one.bytes().toString()) : (one as Json)))).toEqual(once);
  return { ...(rest as object), data: once };
}

/** The result, or that there is none. */
async function outcome(parse: () => Json | Promise<Json>): Promise<unknown> {
  try {
    return { value: await parse() };
  } catch (error) {
    return { refused: error instanceof SyntaxError };
  }
}

/** Texts that look like the places where elements end. */
const tricky = fc.constantFrom('},{"type":"event",', '"data":[{"type":"event",', ']}', '\\', '"', 'é\u{1f600}', '},{', '\u2028');
const leaf = fc.oneof(tricky, fc.string(), fc.integer(), fc.double(), fc.boolean(), fc.constant(null));
const nested = fc.letrec((tie) => ({
  any: fc.oneof({ depthSize: 'small' }, leaf, fc.array(tie('any'), { maxLength: 3 }), tie('event')),
  event: fc.record({ type: fc.constant('event'), id: leaf, more: tie('any') }),
}));
const documents = fc
  .record({
    before: fc.option(fc.constantFrom('included', 'links', 'data')),
    data: fc.array(fc.oneof({ weight: 30, arbitrary: nested.event }, { weight: 1, arbitrary: nested.any }), { maxLength: 40, size: 'max' }),
    after: fc.dictionary(fc.constantFrom('included', 'links', 'data', '__proto__'), nested.any, { maxKeys: 2 }),
    space: fc.constantFrom(undefined, 1),
    numbers: fc.constantFrom('', '12345678901234567890', '0.12345678901234567890'),
  })
  .map(({ before, data, after, space, numbers }) => {
    const members = [
      ...(before === null ? [] : [`${JSON.stringify(before)}:[{"type":"event","id":1}]`]),
      `"data":${JSON.stringify(data, undefined, space)}`,
      ...(numbers === '' ? [] : [`"number":${numbers}`]),
      ...Object.entries(after).map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`),
    ];
    return `{${members.join(',')}}`;
  });

describe('a listing that is parsed element by element', () => {
  it('is what the usual parser makes of it, or refused as there', async () => {
    let byElements = 0;
    await fc.assert(
      fc.asyncProperty(
        documents,
        fc.option(fc.tuple(fc.nat(), fc.constantFrom('', '}', ']', ',', '"', '{"type":"event",'))),
        fc.integer({ min: 1, max: 20 }),
        fc.constantFrom('', '\uFEFF'),
        async (document, damage, turn, mark) => {
          const at = damage === null ? 0 : damage[0] % document.length;
          const cut = damage === null ? document : document.slice(0, at) + damage[1] + document.slice(at + 1);
          // A pair that was cut has no encoding.
          const text = Buffer.from(cut).toString();
          const read: RowsOfElements = (frame) => {
            byElements += 1;
            return parsing(turn)(frame);
          };
          const answer = Buffer.from(`${mark}${text}`);
          expect(await outcome(() => whole(parseListing(answer, 'data', read)))).toEqual(await outcome(() => parseJson(text)));
        },
      ),
      { numRuns: 3_000 },
    );
    expect(byElements, 'the property must not hold because nothing is ever parsed by elements').toBeGreaterThan(300);
  });

  it('leaves out what is known, except its first and its last element', async () => {
    const events = Array.from({ length: 5 }, (_, id) => ({ type: 'event', id, text: '},{"type":"event' }));
    const seen: string[] = [];
    const document = await parseListing(Buffer.from(JSON.stringify({ data: events, links: { next: null } })), 'data', (frame) => {
      expect(frame).toEqual({ data: expect.any(Array), links: { next: null } });
      return (element) => {
        seen.push(element.bytes.toString());
        return element.mayWait ? 'known' : element.parsed();
      };
    });
    expect(document).toEqual({ data: [events[0], 'known', 'known', 'known', events[4]], links: { next: null } });
    expect(seen).toEqual(events.map((event) => JSON.stringify(event)));
  });

  it.each([
    [
      'an element that is large',
      JSON.stringify({
        data: [
          { id: 1, x: 1 },
          { id: 2, x: 'x'.repeat(200_000) },
          { id: 3, x: 1 },
        ],
      }),
    ],
    [
      'a last element that is large',
      JSON.stringify({
        data: [
          { id: 1, x: 1 },
          { id: 2, x: 'x'.repeat(200_000) },
        ],
      }),
    ],
    ['much beside the list', JSON.stringify({ data: [{ id: 1, x: 1 }], included: 'x'.repeat(200_000) })],
    [
      'an answer that may hold more long numbers than a document may',
      JSON.stringify({ data: Array.from({ length: 90 }, (_, id) => ({ id, x: 'x'.repeat(100_000) })) }),
    ],
    ['more elements than a page has', JSON.stringify({ data: Array.from({ length: 10_002 }, (_, id) => ({ x: 1, id })) })],
  ])('leaves %s to the parser that lets others go first', async (_, text) => {
    const parsed = await parseListing(Buffer.from(text), 'data', () => {
      throw new Error('must not be asked');
    });
    expect(parsed).toEqual(JSON.parse(text));
  });

  it('is refused for an element that is no JSON, also when nobody has parsed it', async () => {
    const events = Array.from({ length: 5 }, (_, id) => `{"type":"event","id":${id}}`);
    const of = (middle: string): Buffer => Buffer.from(`{"data":[${[...events.slice(0, 2), middle, ...events.slice(3)].join(',')}]}`);
    for (const middle of [
      '{"type":"event","id":nul}',
      '{"type":"event","id":01}',
      '{"type":"event","id":"\n"}',
      '{"type":"event","id":2,}',
    ])
      await expect(
        parseListing(of(middle), 'data', () => (element) => (element.mayWait ? (element.leftForLater() as never) : 0)),
      ).rejects.toThrow(SyntaxError);
  });

  it('is read as any other answer when no rows can be made of its elements', async () => {
    const text = '{"data":[{"id":1,"x":1},{"id":2,"x":1}],"included":{}}';
    const refuses = (): never => {
      throw new RangeError('for any reason');
    };
    for (const rows of [refuses, () => refuses]) expect(await parseListing(Buffer.from(text), 'data', rows)).toEqual(JSON.parse(text));
  });
});
