import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJson } from '../../src/core/json/parse.ts';
import type { Json } from '../../src/core/types.ts';
import { parseListing, type RowsOfTexts } from '../../src/sdk/http/listing-text.ts';

const parseAll: RowsOfTexts = () => (element) => element.parsed();

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
    data: fc.array(fc.oneof({ weight: 8, arbitrary: nested.event }, { weight: 1, arbitrary: nested.any }), { maxLength: 6 }),
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
        async (whole, damage) => {
          const at = damage === null ? 0 : damage[0] % whole.length;
          const text = damage === null ? whole : whole.slice(0, at) + damage[1] + whole.slice(at + 1);
          const read: RowsOfTexts = (frame) => {
            byElements += 1;
            return parseAll(frame);
          };
          expect(await outcome(() => parseListing(text, 'data', read))).toEqual(await outcome(() => parseJson(text)));
        },
      ),
      { numRuns: 3_000 },
    );
    expect(byElements, 'the property must not hold because nothing is ever parsed by elements').toBeGreaterThan(300);
  });

  it('leaves out what is known, except its first and its last element', async () => {
    const events = Array.from({ length: 5 }, (_, id) => ({ type: 'event', id, text: '},{"type":"event' }));
    const seen: string[] = [];
    const document = await parseListing(JSON.stringify({ data: events, links: { next: null } }), 'data', (frame) => {
      expect(frame).toEqual({ data: expect.any(Array), links: { next: null } });
      return ({ text, mayBeKnown, parsed }) => {
        seen.push(text);
        return mayBeKnown ? 'known' : parsed();
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
    ['more elements than a page has', JSON.stringify({ data: Array.from({ length: 10_002 }, (_, id) => ({ x: 1, id })) })],
  ])('leaves %s to the parser that lets others go first', async (_, text) => {
    const parsed = await parseListing(text, 'data', () => {
      throw new Error('must not be asked');
    });
    expect(parsed).toEqual(JSON.parse(text));
  });
});
