import { describe, expect, test } from 'vitest';
import { snakeCase } from '../../src/core/names.ts';
import { parseJsonInPieces } from '../../src/core/json/parse-in-pieces.ts';
import { parseJson } from '../../src/core/json/parse.ts';
import { createRedactor } from '../../src/core/redact.ts';
import { shown } from '../../src/core/shown.ts';
import { coercerFor } from '../../src/record/coercers.ts';
import { isSecretName } from '../../src/core/secret-names.ts';
import { parseXmlInTurns } from '../../src/sdk/soap/xml.ts';
import { judge } from '../../src/sdk/http/errors.ts';
import { jsonItems } from '../../src/sdk/http/json-items.ts';
import { timesIn } from '../../producers/listrak/times.ts';

const place = { title: 'V', vendor: 'v', what: 'GET /x' };
const error = (text: string) => judge({ status: 500, headers: {}, text, bytes: text.length, body: quietly(text) }, place, true, 0);
const quietly = (text: string) => {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
};
const redactor = createRedactor();
for (const secret of ['sk_live_0123456789', 'abababababababababababababababab', '----------------']) redactor.add(secret);
/** As the SOAP client reads an answer. */
const asSoap = (text: string) => parseXmlInTurns(text, (piece) => piece);
const times = timesIn('America/New_York');

/** Texts of a vendor that grow, and what scans them. */
const SCANS: Readonly<Record<string, { readonly text: (n: number) => string; readonly scan: (text: string) => unknown }>> = {
  'a number with many exponents': { text: (n) => `[${'1e1111'.repeat(n / 6)}]`, scan: quietly },
  'a number with zeros before its last digit': { text: (n) => `[0.1${'0'.repeat(n)}1]`, scan: quietly },
  'a number with a long exponent': { text: (n) => `[1e${'1'.repeat(n)}]`, scan: quietly },
  'many long numbers in a string': { text: (n) => `["${'12345678901234567890,'.repeat(n / 20)}"]`, scan: quietly },
  'a long number with much space behind it': { text: (n) => `[${`12345678901234567890${' '.repeat(n)}`}`, scan: quietly },
  'quotes in a long string, parsed in pieces': {
    text: (n) => `["${'\\\\\\"'.repeat(n)}"]`,
    scan: (text) => parseJsonInPieces(text, 4_096),
  },
  'lists in lists, parsed in pieces': { text: (n) => '['.repeat(n) + ']'.repeat(n), scan: (text) => parseJsonInPieces(text, 4_096) },
  'rows in a row, whose pieces seem to end everywhere': {
    text: (n) => `[${'{"a":1},'.repeat(1_000)}{"a":[${'{"a":1},'.repeat(n / 8)}1]}]`,
    scan: (text) => parseJsonInPieces(text, 4_096),
  },
  'a number as text': { text: (n) => `0.${'0'.repeat(n)}1`, scan: coercerFor({ type: 'number', doc: 'x' }) },
  'a time with a long fraction': { text: (n) => `2026-01-01T00:00:00.${'1'.repeat(n)}`, scan: coercerFor({ type: 'timestamp', doc: 'x' }) },
  'a name in capitals': { text: (n) => 'A'.repeat(n), scan: snakeCase },
  'a name in capitals and small letters': { text: (n) => 'AAs'.repeat(n / 3), scan: snakeCase },
  'a name of marks': { text: (n) => '-'.repeat(n), scan: (text) => [snakeCase(text), isSecretName(text)] },
  'an error text of spaces': { text: (n) => `{"message":"${' '.repeat(n)}"}`, scan: error },
  'an error page of spaces': { text: (n) => ' '.repeat(n), scan: error },
  'nested errors': { text: (n) => '{"errors":'.repeat(n / 10), scan: error },
  'SOAP comments': { text: (n) => '<!-- -->'.repeat(n / 8), scan: asSoap },
  'SOAP comments that do not end': { text: (n) => '<!--'.repeat(n / 4), scan: asSoap },
  'SOAP declarations': { text: (n) => '<?xml?> '.repeat(n / 8), scan: asSoap },
  'character references without an end': { text: (n) => '&#'.repeat(n / 2) + '1'.repeat(n), scan: asSoap },
  'XML that opens and never closes': { text: (n) => '<a>'.repeat(n / 3), scan: asSoap },
  'XML of one text': { text: (n) => `<a>${'x'.repeat(n)}</a>`, scan: asSoap },
  'XML of attributes': { text: (n) => `<a ${'b="c" '.repeat(n / 6)}/>`, scan: asSoap },
  'XML of text and comments': { text: (n) => `<a>${'x<!-- -->'.repeat(n / 9)}</a>`, scan: asSoap },
  'a Listrak time of colons': { text: (n) => ':'.repeat(n), scan: (text) => times.read(text) },
  'addresses in the redactor': { text: (n) => 'a.'.repeat(n / 2), scan: redactor.redact },
  'slashes and colons in the redactor': { text: (n) => 'a://:'.repeat(n / 5), scan: redactor.redact },
  'credential names in the redactor': { text: (n) => ' token'.repeat(n / 6), scan: redactor.redact },
  'spaces behind a credential name': { text: (n) => `password${' '.repeat(n)}`, scan: redactor.redact },
  'schemes of logins in the redactor': { text: (n) => `Bearer ${' '.repeat(n)}`, scan: redactor.redact },
  'nearly a secret, again and again': { text: (n) => 'ab'.repeat(n / 2).replace(/.$/, 'x'), scan: redactor.redact },
  'a secret that overlaps itself': { text: (n) => '-'.repeat(n), scan: redactor.redact },
  'control characters': { text: (n) => '\u001b\u202e'.repeat(n / 2), scan: shown },
  'many lists around a list': {
    text: (n) => `{${'"a":[],'.repeat(n / 7)}"results":[]}`,
    async scan(text) {
      const items = jsonItems('results');
      await items.push(Buffer.from(text));
      return items.end();
    },
  },
};

describe("what scans a vendor's text takes no more than linear time", () => {
  test.each(Object.entries(SCANS))(
    '%s',
    async (_, { text, scan }) => {
      const least = 16_384;
      await scan(text(least));
      // Eight times the text: linear takes 8 times as long, quadratic 64. The least of several tries counts, since other
      // work on the machine only ever adds; what takes next to nothing is as good as linear.
      const time = async (n: number): Promise<number> => {
        const input = text(n);
        let best = Infinity;
        for (let i = 0; i < 5 && best > 0.5; i += 1) {
          const began = process.cpuUsage();
          await scan(input);
          const { user, system } = process.cpuUsage(began);
          best = Math.min(best, (user + system) / 1_000);
        }
        return best;
      };
      const small = Math.max(await time(least), 1);
      expect((await time(8 * least)) / small).toBeLessThan(32);
    },
    120_000,
  );
});
