import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../src/core/types.ts';
import { campaign } from './campaign.ts';
import type { Wire } from './mutate-transport.ts';
import { hostileSubjects } from './subjects.ts';

/*
 * Answers a vendor might well give that are nearly right: ends that are none, lists that go round, answers of something else.
 * Each is given for ever to an empty topic and once to a filled one (what is only around an answer: three times);
 * whatever is done about it, no run succeeds without a
 * row that the vendor has, no row that is there is deleted, and the next good answers bring everything.
 */

type Body = Record<string, Json>;
/** Changes an answer in place. False: it is left as it is. */
type Attack = (wire: Wire) => boolean;

/** An attack on the members of a JSON answer. */
const json =
  (change: (body: Body) => unknown): Attack =>
  (wire) => {
    if (wire.status !== 200) return false;
    const body = JSON.parse(wire.body.toString()) as Body;
    if (change(body) === false) return false;
    wire.body = Buffer.from(JSON.stringify(body));
    return true;
  };
const text =
  (change: (text: string) => string): Attack =>
  (wire) => {
    wire.body = Buffer.from(change(wire.body.toString()));
    return true;
  };
let fresh = 0;
const inside = (body: Body, name: string): Body => body[name] as Body;

/** Of any vendor: what stands around an answer. */
const AROUND: Readonly<Record<string, Attack>> = {
  'a compressed answer that is said to be plain': (wire) => ((wire.body = gzipSync(wire.body)), true),
  'an answer in UTF-16 that says so': (wire) => {
    wire.headers['content-type'] = 'application/json; charset=utf-16le';
    wire.body = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(wire.body.toString(), 'utf16le')]);
    return true;
  },
  'the answer twice in one': text((body) => body + body),
  'an answer that is text of the answer': text((body) => JSON.stringify(body)),
  'a part of the answer, and says so': (wire) => {
    wire.status = 206;
    wire.headers['content-range'] = 'bytes 0-9/100';
    return true;
  },
  'nothing new': (wire) => ((wire.status = 304), true),
  'nothing at all, and says so': (wire) => ((wire.status = 204), true),
  accepted: (wire) => ((wire.status = 202), (wire.body = Buffer.from('{"status":"pending"}')), true),
  'somewhere else': (wire) => ((wire.status = 302), (wire.headers['location'] = 'http://127.0.0.1:9/'), true),
  'a body longer than it said': (wire) => ((wire.told = wire.body.length - 5), true),
  'an answer in UTF-16 of the other order': (wire) => {
    const pairs = Buffer.from(wire.body.toString(), 'utf16le').swap16();
    wire.body = Buffer.concat([Buffer.from([0xfe, 0xff]), pairs]);
    return true;
  },
  'two byte order marks': (wire) => ((wire.body = Buffer.concat([Buffer.from('\ufeff\ufeff'), wire.body])), true),
  'NUL between all characters': text((body) => [...body.slice(0, 20_000)].join('\u0000')),
  'compressed twice, said once': (wire) => {
    wire.headers['content-encoding'] = 'gzip';
    wire.body = gzipSync(gzipSync(wire.body));
    return true;
  },
  'a success that is an error': (wire) => ((wire.body = Buffer.from('{"errors":[{"status":"500","detail":"oops"}]}')), true),
  'an answer that ends in the middle of a chunk': (wire) => ((wire.cutAfter = wire.body.length >> 1), true),
  'nested without an end': (wire) => ((wire.body = Buffer.from('[{"a":'.repeat(100_000))), true),
  'reset content': (wire) => ((wire.status = 205), (wire.body = Buffer.alloc(0)), true),
  'a body shorter than it said': (wire) => ((wire.told = wire.body.length + 5), true),
};

const OF: Readonly<Record<string, { readonly tables: readonly string[]; readonly attacks: Readonly<Record<string, Attack>> }>> = {
  klaviyo: {
    tables: ['metric', 'profile', 'event'],
    attacks: {
      'links that are null': json((body) => void (body['links'] = null)),
      'a next link that is a number': json((body) => void (inside(body, 'links')['next'] = 2)),
      'a next link that is false': json((body) => void (inside(body, 'links')['next'] = false)),
      'a next link that is empty': json((body) => void (inside(body, 'links')['next'] = '')),
      'a next link without a cursor': json((body) => void (inside(body, 'links')['next'] = '/api/metrics')),
      'a next link to elsewhere': json((body) => void (inside(body, 'links')['next'] = 'http://127.0.0.1:9/api?page%5Bcursor%5D=x')),
      'a next link in a list': json((body) => void (inside(body, 'links')['next'] = [inside(body, 'links')['next'] ?? null])),
      'a next link to the same host without TLS and another port': json(
        (body) => void (inside(body, 'links')['next'] = 'https://127.0.0.1:1/api/metrics?page%5Bcursor%5D=x'),
      ),
      'a next link with another cursor on each page': json((body) => {
        const links = inside(body, 'links');
        links['next'] = String(links['self']).replace(/\?.*$/, '') + `?page%5Bcursor%5D=${(fresh += 1)}`;
      }),
      'rows that stand twice, with other contents': json((body) => {
        const rows = body['data'] as Body[];
        body['data'] = [...rows.map((row) => ({ ...row, attributes: { name: 'another' } })), ...rows] as Json[];
      }),
      'the answer to another question': json((body) => {
        for (const row of body['data'] as Body[]) row['type'] = 'list';
      }),
      'ids with a blank behind': json((body) => {
        for (const row of body['data'] as Body[]) if (typeof row['id'] === 'string') row['id'] = `${row['id']} `;
      }),
      'ids that are __proto__ beside the rows': text((body) =>
        body.replace('"data":[', '"data":[{"type":"metric","id":"__proto__","attributes":{"__proto__":{"name":"x"},"constructor":1}},'),
      ),
      'links in the list': json((body) => void (body['data'] = [...(body['data'] as Json[]), { type: 'links', links: {} }])),
      'one resource instead of a list': json((body) => void (body['data'] = (body['data'] as Json[])[0] ?? {})),
      'ids in capitals': json((body) => {
        for (const row of body['data'] as Body[]) if (typeof row['id'] === 'string') row['id'] = row['id'].toUpperCase();
        return undefined;
      }),
    },
  },
  customer_io: {
    tables: ['messages', 'customers', 'eps_suppression'],
    attacks: {
      'no next': json((body) => ('next' in body ? void delete body['next'] : false)),
      'a next that is null': json((body) => ('next' in body ? void (body['next'] = null) : false)),
      'a next that is a space': json((body) => ('next' in body ? void (body['next'] = ' ') : false)),
      'a next that is an object': json((body) => ('next' in body ? void (body['next'] = { start: 'x' }) : false)),
      'a next that is always the same': json((body) => ('next' in body ? void (body['next'] = 'bG9vcA==') : false)),
      'a list that ends with null': json((body) => {
        for (const list of Object.values(body)) if (Array.isArray(list)) (list as Json[]).push(null);
      }),
      'an error beside the rows': json((body) => void (body['meta'] = { error: 'partial failure', errors: ['timeout'] })),
      'half of each page': json((body) => {
        for (const [name, list] of Object.entries(body))
          if (name === 'suppressions' && Array.isArray(list) && list.length > 1) body[name] = (list as Json[]).slice(0, list.length >> 1);
        return undefined;
      }),
      'the list under another name': json((body) => {
        for (const [name, list] of Object.entries(body)) {
          if (!Array.isArray(list)) continue;
          delete body[name];
          body[`${name}_v2`] = list;
        }
        return undefined;
      }),
      'rows by their number': json((body) => {
        for (const [name, list] of Object.entries(body))
          if (Array.isArray(list)) body[name] = Object.fromEntries((list as Json[]).entries());
        return undefined;
      }),
    },
  },
  segment: {
    tables: ['sources', 'audit_events', 'source_connected_warehouses'],
    attacks: {
      'no pagination': json((body) => ('pagination' in inside(body, 'data') ? void delete inside(body, 'data')['pagination'] : false)),
      'pagination that is null': json((body) => void (inside(body, 'data')['pagination'] = null)),
      'a next that is 0': json((body) => void (inside(body, 'data')['pagination'] = { current: 'MA==', next: 0 })),
      'a next that is the current one': json((body) => {
        const pagination = inside(inside(body, 'data'), 'pagination') as Body | undefined;
        return pagination === undefined ? false : void (pagination['next'] = pagination['current'] ?? null);
      }),
      'a pagination without current': json((body) => void (inside(body, 'data')['pagination'] = { totalEntries: 3 })),
      'pagination beside the data': json((body) => {
        body['pagination'] = inside(body, 'data')['pagination'] ?? null;
        delete inside(body, 'data')['pagination'];
      }),
      'a total that is too small': json((body) => {
        const pagination = inside(inside(body, 'data'), 'pagination') as Body | undefined;
        return pagination === undefined ? false : void (pagination['totalEntries'] = 1);
      }),
      'a total that is text': json((body) => {
        const pagination = inside(inside(body, 'data'), 'pagination') as Body | undefined;
        return pagination === undefined ? false : void (pagination['totalEntries'] = '3');
      }),
      'a total that is minus nothing': text((body) => body.replace(/"totalEntries":\d+/, '"totalEntries":-0')),
      'a total without an end': text((body) => body.replace(/"totalEntries":\d+/, '"totalEntries":1e400')),
      'errors beside the data': json((body) => void (body['errors'] = [{ type: 'timeout' }])),
      'data in a list': json((body) => void (body['data'] = [body['data'] ?? null])),
    },
  },
  pendo: {
    tables: ['visitors', 'page_events', 'visitor_history'],
    attacks: {
      'results that are false': json((body) => ('results' in body ? void (body['results'] = false) : false)),
      'results by their number': json((body) =>
        Array.isArray(body['results']) ? void (body['results'] = Object.fromEntries((body['results'] as Json[]).entries())) : false,
      ),
      'results in results': json((body) => ('results' in body ? void (body['results'] = { results: body['results'] as Json }) : false)),
      'results twice, empty at last': (wire) => {
        const body = wire.body.toString();
        if (!body.includes('"results"')) return false;
        wire.body = Buffer.from(body.replace(/\}\s*$/, ',"results":[]}'));
        return true;
      },
      'half of each answer': json((body) => {
        const { results } = body;
        return Array.isArray(results) && results.length > 1
          ? void (body['results'] = (results as Json[]).slice(0, results.length >> 1))
          : false;
      }),
      'a list without its object': json((body) => (Array.isArray(body) ? false : void (body['0'] = 1))),
      'ids as numbers': text((body) => body.replace(/"(visitorId|accountId)":"([1-9]\d{0,8})"/g, '"$1":$2')),
    },
  },
  listrak: {
    tables: ['lists', 'messages', 'subscribed_contacts'],
    attacks: {
      'the result of another operation': text((body) => body.replaceAll(/<(\/?)(\w+)Result\b/g, '<$1Other$2Result')),
      'the response of another operation': text((body) => body.replaceAll(/<(\/?)(\w+)Response\b/g, '<$1Other$2Response')),
      // Without any result: that is how the service writes a list that is null.
      'an empty result of its own': text((body) => body.replace(/<(\w+)Result\b[^]*<\/\1Result>/, '<$1Result><Nothing/></$1Result>')),
      'entities that grow': text((body) =>
        body.replace(
          /^(<\?xml[^>]*>)?/,
          `$1<!DOCTYPE a [<!ENTITY b0 "x">${Array.from({ length: 20 }, (_, n) => `<!ENTITY b${n + 1} "&b${n};&b${n};&b${n};">`).join('')}]>`,
        ),
      ),
      'an attribute of 8 MB': text((body) => body.replace(/<(\w+Result)\b/, (found) => `${found} long="${'x'.repeat(8 << 20)}"`)),
      'a result nested without an end': text((body) =>
        body.replace(/<(\w+)Result\b[^]*<\/\1Result>/, `<$1Result>${'<a>'.repeat(100_000)}`),
      ),
      'rows in a comment that does not end': text((body) => body.replace(/(<\w+Result\b[^>]*>)/, '$1<!-- ')),
      'UTF-16 by its own word': text((body) => body.replace(/^(<\?xml[^>]*>)?/, '<?xml version="1.0" encoding="UTF-16"?>')),
      'rows of another namespace': text((body) => body.replace(/<(\w+Result)\b/, '<$1 xmlns="urn:other"')),
      'a document type': text((body) => body.replace(/^(<\?xml[^>]*>)?/, '$1<!DOCTYPE a [<!ENTITY b "c">]>')),
      'two bodies': text((body) => body.replace(/<soap:Body>[^]*<\/soap:Body>/, '$&$&')),
      'JSON instead': (wire) => ((wire.body = Buffer.from('{"d":[]}')), true),
    },
  },
};

/** How each attack is made: for ever on an empty topic, and once in the middle of what is known. */
const WAYS = [
  { filled: false, first: 0, times: 1_000 },
  { filled: true, first: 1, times: 1 },
] as const;
/** What is asked again without an end need not be met without an end. */
const SOME_TIMES = 3;

describe.each(hostileSubjects.map((subject) => [subject.source.name, subject] as const))('%s keeps its promises', (name, subject) => {
  const { tables = [], attacks = {} } = OF[name] ?? {};
  const everything = [...Object.entries(attacks), ...Object.entries(AROUND)];
  const met = new Set<string>();
  it.each(tables)('of %s', { timeout: 600_000 }, async (table) => {
    // What stands around an answer is the same client's work for every table.
    const all = table === tables[0] ? everything : Object.entries(attacks);
    const { faults } = await campaign({
      subject,
      seed: 1,
      table,
      cases: all.length * WAYS.length,
      fixed(number) {
        const [what, alter] = all[Math.floor(number / WAYS.length)]!;
        const way = WAYS[number % WAYS.length]!;
        return { ...way, times: Object.hasOwn(AROUND, what) ? Math.min(way.times, SOME_TIMES) : way.times, alter };
      },
      played(number, outcome) {
        const [what] = all[Math.floor(number / WAYS.length)]!;
        if (outcome !== 'untouched') met.add(what);
      },
    });
    const attackOf = (fault: string): string => all[Math.floor(Number(/case (\d+)/.exec(fault)?.[1]) / WAYS.length)]?.[0] ?? '';
    expect(faults.map((fault) => `${attackOf(fault)}: ${fault}`).join('\n')).toBe('');
  });

  it('and none of these answers was never given', () => {
    expect(everything.map(([what]) => what).filter((what) => !met.has(what))).toEqual([]);
  });
});
