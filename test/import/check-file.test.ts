import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findDuplicates } from '../../src/import/duplicates.ts';
import { noMapping, parseMappingFile, parsePairs } from '../../src/import/mapping.ts';
import { writeParts } from '../../src/import/parts.ts';
import { csvLine, readCsv } from '../../src/import/csv.ts';
import { Readable } from 'node:stream';
import { check, folder } from './check.ts';

const people = 'Email,City\r\nanna@example.com,Łódź\r\n"ben@example.com","Zürich, ""old"" town"\r\n';
const wanted = 'Email,City\nanna@example.com,Łódź\nben@example.com,"Zürich, ""old"" town"\n';
const bom = (text: string): string => `\ufeff${text}`;

test.each([
  ['UTF-8', Buffer.from(people), 'utf-8'],
  ['UTF-8 with its mark', Buffer.from(bom(people)), 'utf-8'],
  ['UTF-16 little-endian', Buffer.from(bom(people), 'utf16le'), 'utf-16le'],
  ['UTF-16 big-endian', Buffer.from(bom(people), 'utf16le').swap16(), 'utf-16be'],
  ['UTF-16 without its mark', Buffer.from(people, 'utf16le'), 'utf-16le'],
  [
    'semicolons and CR',
    Buffer.from(people.replaceAll('\r\n', '\r').replace('Email,City', 'Email;City').replace('com,Ł', 'com;Ł').replace('","', '";"')),
    'utf-8',
  ],
])('%s arrives as UTF-8 with commas, LF and doubled quotes', async (_, content, encoding) => {
  expect(await check(content)).toMatchObject({ encoding, sent: wanted, refused: 0 });
});

test('Windows-1252 is recognised by what it cannot be, and its own signs are kept', async () => {
  const { sent, encoding } = await check(Buffer.from('Email,City\na@example.com,M\xfcnchen \x80 \x93q\x94\n', 'latin1'));
  expect({ sent, encoding }).toEqual({ encoding: 'windows-1252', sent: 'Email,City\na@example.com,München € “q”\n' });
});

test('a mapping renames, drops and types columns; the preview shows rows as they arrive', async () => {
  const { preview, sent } = await check('E_MAIL,VORNAME,id,tel\na@example.com,Anna,7,500 600 700\n', {
    mapping: { ...parsePairs('email=E_MAIL,first_name=VORNAME,phone_number=tel'), drop: ['id'] },
    country: 'PL',
  });
  expect(preview).toEqual([{ Email: 'a@example.com', 'First Name': 'Anna', 'Phone Number': '+48500600700' }]);
  expect(sent).toBe('Email,First Name,Phone Number\na@example.com,Anna,+48500600700\n');
});

test('a mapping file says the same, and its faults are told', () => {
  expect(parseMappingFile('m.yaml', 'columns: { email: E_MAIL }\ndates: [Since]\n')).toEqual({
    ...noMapping,
    columns: { email: 'E_MAIL' },
    dates: ['Since'],
  });
  expect(() => parseMappingFile('m.yaml', 'column: { email: E_MAIL }')).toThrow(/m\.yaml.*column/);
  expect(() => parsePairs('email')).toThrow(/not a pair/);
});

test('consent columns go only when the user says so', async () => {
  expect((await check('Email,Consent\na@example.com,yes\n', { consent: true })).sent).toContain('Consent');
});

test('each accepted form of a date passes', async () => {
  const forms = [
    '2026-02-03',
    '02/03/2026',
    '2026-02-03 07:08:09',
    '2026-02-03 07:08:09+00:00',
    '02/03/2026 07:08:09',
    '02/03/26 07:08:09',
    '02/03/2026 07:08',
    '02/03/26 07:08',
    '2026-02-03T07:08:09',
    '2026-02-03T07:08:09.123456',
    '2026-02-03 07:08:09.123456',
    '2026-02-03 07:08:09.123456+02:00',
    '1770102489',
  ];
  const { faults, rows } = await check(`Email,Seen_at\n${forms.map((form, at) => `p${at}@example.com,${form}`).join('\n')}\n`);
  expect({ faults, rows }).toEqual({ faults: [], rows: forms.length });
});

test('events get an id that is the same whenever the same file is imported', async () => {
  const file = 'Email,Metric,Time\na@example.com,Bought,2026-02-03\na@example.com,Bought,2026-02-03\n';
  const first = await check(file, { kind: 'events' });
  expect((await check(file, { kind: 'events' })).sent).toBe(first.sent);
  const ids = first.preview.map((row) => row['Unique ID']);
  expect(new Set(ids).size).toBe(2);
});

test('duplicates are found exactly, however many runs on disk they are spread over', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(40), { maxLength: 300, size: 'medium' }), fc.integer({ min: 2, max: 20 }), (ids, inMemory) => {
      const duplicates = findDuplicates(folder(), inMemory);
      ids.forEach((id, row) => duplicates.add(0, `p${id}`, row, row + 2));
      const found = [...duplicates.repeats()];
      duplicates.close();
      const truth = ids.flatMap((id, row) => (ids.indexOf(id) < row ? [{ row, firstLine: ids.indexOf(id) + 2, column: 0 }] : []));
      expect(found).toEqual(truth);
    }),
    { numRuns: 60 },
  );
});

test('any cells come back from the CSV we write', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.array(fc.string({ unit: 'binary' }), { minLength: 2, maxLength: 2 }).filter(([a, b]) => a !== '' || b !== ''),
        { minLength: 1 },
      ),
      async (rows) => {
        const text = rows.map((cells) => `${csvLine(cells)}\n`).join('');
        const read: (readonly string[])[] = [];
        for await (const { cells, misquoted } of readCsv('f', Readable.from([Buffer.from(text)]), ',')) {
          expect(misquoted).toBe(false);
          read.push(cells);
        }
        expect(read).toEqual(rows);
      },
    ),
    { numRuns: 200 },
  );
});

test('parts stay below their size, begin with the header and hold every row once', async () => {
  const at = folder();
  const lines = Array.from({ length: 1_000 }, (_, n) => `p${n}@example.com,${'x'.repeat(n % 50)}`);
  const parts = await writeParts(
    {
      folder: at,
      kind: 'profiles',
      now: Date.UTC(2026, 1, 3, 4, 5, 6),
      header: 'Email,City',
      signal: new AbortController().signal,
      most: 2_000,
    },
    async function* () {
      yield* lines;
    },
  );
  const texts = parts.map(({ path }) => readFileSync(path, 'utf8'));
  expect(parts[0]?.name).toBe('profiles_20260203T040506Z_1.csv');
  expect(parts.every(({ bytes }, n) => bytes <= 2_000 && bytes === Buffer.byteLength(texts[n] as string))).toBe(true);
  expect(texts.flatMap((text) => (expect(text.startsWith('Email,City\n')).toBe(true), text.split('\n').slice(1, -1)))).toEqual(lines);
  expect(parts[0]?.path).toBe(join(at, 'profiles_20260203T040506Z_1.csv'));
});
