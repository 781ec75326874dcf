import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkFile } from '../../src/import/check-file.ts';
import { noMapping } from '../../src/import/mapping.ts';
import type { CheckRequest } from '../../src/import/check-file.ts';
import { check, folder, NOW } from './check.ts';

type Content = string | Buffer;
const utf16 = (text: string, mark = true): Buffer => Buffer.from(`${mark ? '\ufeff' : ''}${text}`, 'utf16le');
const ok = 'ok@example.com';
const event = (rest: string): string => `Email,Metric Name,Timestamp,Value\n${ok},Bought,2026-02-03,1\n${rest}\n`;
const events = { kind: 'events' } as const;
const date = (cell: string): string => `Email,Birthday\n${ok},2001-02-03\nx@example.com,${cell}\n`;

/** Files of which nothing can be sent: what is told, and what to do. */
const unusable: [what: string, content: Content, told: RegExp, remedy: RegExp, how?: Partial<CheckRequest>][] = [
  ['an empty file', '', /is empty/, /first line/],
  ['only line ends', '\n\n\n', /is empty/, /first line/],
  ['a header alone', 'Email\n', /no row/, /nothing to import/i],
  ['no header', `${ok},Anna\nb@example.com,Ben\n`, /Line 1 is a row, not a header/, /names of the columns/],
  ['a phone number for a header', '+48500600700,Anna\n', /Line 1 is a row, not a header/, /names of the columns/],
  ['a column without a name', `Email,,City\n${ok},1,2\n`, /Column 2 of line 1/, /name/],
  ['a column named twice', `Email,City,City\n${ok},1,2\n`, /City twice/, /Rename/],
  ['two columns that arrive as one', `Email,E-Mail Address\n${ok},${ok}\n`, /both sent as Email/, /--drop/],
  ['no identifier', 'First Name,City\nAnna,Opole\n', /identifies the profile of a row/, /--map email=E_MAIL/],
  ['events without a metric', `Email,Timestamp\n${ok},2026-02-03\n`, /Metric Name is missing/, /--map metric=/, events],
  ['events without a time', `Email,Metric Name\n${ok},Bought\n`, /Timestamp is missing/, /--map time=/, events],
  ['the column id', `Email,id\n${ok},1\n`, /Column id must not be sent/, /--drop "id"/],
  ['the column updated', `Email,Updated\n${ok},1\n`, /Column Updated must not/, /--drop/],
  ['predictions', `Email,predictive_analytics\n${ok},1\n`, /predictive_analytics must not/, /--drop/],
  ['a column that begins with _', `Email,_synced_at\n${ok},1\n`, /_synced_at must not/, /--map/],
  ['consent that was not agreed to', `Email,Email Marketing Consent\n${ok},yes\n`, /is about consent/, /--consent/],
  [
    'a mapping of a column that is not there',
    `Mail\n${ok}\n`,
    /no column E_MAIL/,
    /Its columns are: Mail/,
    { mapping: { columns: { email: 'E_MAIL' }, drop: [], dates: [], texts: [] } },
  ],
  [
    'UTF-8 and Windows-1252 in one file',
    Buffer.concat([Buffer.from(`Email,City\n${ok},Łódź\nb@example.com,`), Buffer.from([0x4c, 0xf3, 0x64, 0x0a])]),
    /line 3 is not UTF-8, line 2 is/,
    /Export it again/,
  ],
  [
    'neither UTF-8 nor Windows-1252',
    Buffer.concat([Buffer.from(`Email,City\n${ok},`), Buffer.from([0x81, 0x0a])]),
    /line 2 is neither/,
    /UTF-8/,
  ],
  ['half a letter at the end', Buffer.concat([Buffer.from(`Email,City\n${ok},ł`), Buffer.from([0xc5])]), /damaged: line 2/, /again/],
  [
    'a lone half of a pair in UTF-16',
    Buffer.concat([utf16(`Email,City\n${ok},`), Buffer.from([0x00, 0xd8, 0x41, 0x00])]),
    /UTF-16LE/,
    /Export it again/,
  ],
  ['an Excel file', Buffer.from('PK\u0003\u0004rest', 'latin1'), /spreadsheet/, /CSV/],
  ['a gzip file', Buffer.from([0x1f, 0x8b, 8, 0]), /gzip/, /unpack/],
  ['a quote that is never closed', `Email,City\n${ok},Opole\nb@example.com,"Gda\nc@example.com,x\n`, /line 3.*never closed/, /Close it/],
  ['a quote that swallows more than 8 MB', `Email,City\n${ok},"${'x'.repeat(9 * 1024 * 1024)}`, /line 2.*8 MB/, /never closed/],
];

test.each(unusable)('%s: the file is refused with what to do', async (_, content, told, remedy, how) => {
  const error = await check(content, how).then(
    () => undefined,
    (thrown: unknown) => thrown as { message: string; remedy: string; kind: string },
  );
  expect(error).toMatchObject({ kind: 'config', message: expect.stringMatching(told), remedy: expect.stringMatching(remedy) });
});

/** Files of which one row cannot be sent: its line and column, and what is told. The others go. */
const oneBadRow: [
  what: string,
  content: Content,
  line: number,
  column: string,
  told: RegExp,
  remedy: RegExp,
  how?: Partial<CheckRequest>,
][] = [
  ['no identifier in a row', `Email,Phone Number\n${ok},\n,\n`, 3, 'Email, Phone Number', /has no identifier/, /Give/],
  ['an address without @', `Email\n${ok}\nanna.example.com\n`, 3, 'Email', /not an e-mail/, /name@example/],
  ['an address with a blank', `Email\n${ok}\nan na@example.com\n`, 3, 'Email', /not an e-mail/, /one address/],
  ['two addresses in a cell', `Email\n${ok}\n"a@example.com,b@example.com"\n`, 3, 'Email', /not an e-mail/, /one address/],
  ['a domain without a dot', `Email\n${ok}\nanna@localhost\n`, 3, 'Email', /not an e-mail/, /./],
  ['two dots in an address', `Email\n${ok}\nan..na@example.com\n`, 3, 'Email', /not an e-mail/, /./],
  ['two @', `Email\n${ok}\na@b@example.com\n`, 3, 'Email', /not an e-mail/, /./],
  ['a local part beyond 64 characters', `Email\n${ok}\n${'a'.repeat(65)}@example.com\n`, 3, 'Email', /not an e-mail/, /./],
  ['a national number and no country', `Email,Phone Number\n${ok},\nb@example.com,500600700\n`, 3, 'Phone Number', /E\.164/, /--country/],
  ['a number that cannot exist', `Phone Number\n+48500600700\n+4812\n`, 3, 'Phone Number', /not an existing phone/, /\+48/],
  ['letters for a number', `Phone Number\n+48500600700\nhome\n`, 3, 'Phone Number', /E\.164/, /country code/],
  ['a number with an extension', `Phone Number\n+48500600700\n+48500600701 ext. 5\n`, 3, 'Phone Number', /not an existing phone/, /./],
  ['a number as Excel mangles it', `Phone Number\n+48500600700\n4.85006E+10\n`, 3, 'Phone Number', /not a phone/, /./],
  ['a day that does not exist', date('2001-02-30'), 3, 'Birthday', /not a date/, /YYYY-MM-DD/],
  ['day before month', date('31/12/2001'), 3, 'Birthday', /not a date/, /MM\/DD\/YYYY/],
  ['dots in a date', date('31.12.2001'), 3, 'Birthday', /not a date/, /./],
  ['a date in words', date('"3 March, 2001"'), 3, 'Birthday', /not a date/, /./],
  ['an hour too late', date('2001-02-03 24:00:00'), 3, 'Birthday', /not a date/, /./],
  ['an offset too far', date('2001-02-03 10:00:00+25:00'), 3, 'Birthday', /not a date/, /./],
  ['milliseconds', date('981158400000'), 3, 'Birthday', /not a date/, /./],
  ['ISO with Z', date('2001-02-03T10:00:00Z'), 3, 'Birthday', /not a date/, /./],
  ['three digits of fraction', date('2001-02-03T10:00:00.123'), 3, 'Birthday', /not a date/, /./],
  [
    'a column said to hold dates',
    `Email,Since\n${ok},2001-02-03\nb@example.com,soon\n`,
    3,
    'Since',
    /not a date/,
    /./,
    { mapping: { columns: {}, drop: [], dates: ['Since'], texts: [] } },
  ],
  ['too few cells', `Email,City\n${ok},Opole\nb@example.com\n`, 3, '', /1 cells, the header has 2/, /empty cells/],
  ['too many cells', `Email,City\n${ok},Opole\nb@example.com,Opole,Poland\n`, 3, '', /3 cells/, /quotes/],
  [
    'a quote inside a cell',
    `Email,City\n${ok},Opole\nb@example.com,the "old" town\nc@example.com,x\n`,
    3,
    '',
    /quote stands inside/,
    /double/,
  ],
  [
    'text behind a closing quote',
    `Email,City\n${ok},Opole\nb@example.com,"old" town\nc@example.com,x\n`,
    3,
    '',
    /quote stands inside/,
    /double/,
  ],
  ['a NUL byte', `Email,City\n${ok},Opole\nb@example.com,O\u0000pole\n`, 3, 'City', /NUL/, /Remove/],
  ['a lone CR in a cell', `Email,City\n${ok},Opole\nb@example.com,O\rpole\n`, 4, '', /1 cells/, /./],
  ['a row beyond 100 KB', `Email,Story\n${ok},x\nb@example.com,${'x'.repeat(100_001)}\n`, 3, 'Story', /100,000 are allowed/, /Shorten/],
  ['a latitude in words', `Email,Latitude\n${ok},50.6\nb@example.com,north\n`, 3, 'Latitude', /not a number/, /point/],
  ['a decimal comma', event(`b@example.com,Bought,2026-02-03,"12,50"`), 3, 'Value', /not a number/, /point/, events],
  ['an event without a metric', event('b@example.com,,2026-02-03,1'), 3, 'Metric Name', /is empty/, /metric/, events],
  [
    "a metric's name beyond 127 characters",
    event(`b@example.com,${'m'.repeat(128)},2026-02-03,1`),
    3,
    'Metric Name',
    /not a name/,
    /127/,
    events,
  ],
  ['an event without a time', event('b@example.com,Bought,,1'), 3, 'Timestamp', /is empty/, /time/, events],
  ['an event before 1990', event('b@example.com,Bought,1989-12-31,1'), 3, 'Timestamp', /before 1990/, /correct/, events],
  ['an event in two years', event('b@example.com,Bought,2028-02-03,1'), 3, 'Timestamp', /year ahead/, /correct/, events],
  ['the same address again', `Email\n${ok}\nb@example.com\n${ok}\n`, 4, 'Email', /already in line 2/, /Keep one/],
  ['the same address in other letters', `Email\n${ok}\nOK@Example.com\n`, 3, 'Email', /already in line 2/, /Keep one/],
  ['the same number written otherwise', `Phone Number\n+48500600700\n+48 500-600-700\n`, 3, 'Phone Number', /already in line 2/, /Keep/],
  ['the same external id', `External ID\n1\n2\n1\n`, 4, 'External ID', /already in line 2/, /Keep/],
  [
    "the same event's id",
    `Email,Metric Name,Timestamp,Unique ID\n${ok},A,2026-02-03,1\nb@example.com,A,2026-02-03,1\n`,
    3,
    'Unique ID',
    /already in line 2/,
    /Keep/,
    events,
  ],
  ['a fault below a cell of three lines', `Email,City\n${ok},"O\npo\nle"\n\nnobody,x\n`, 6, 'Email', /not an e-mail/, /./],
  ['a fault in UTF-16', utf16(`Email;City\r\n${ok};Łódź\r\nnobody;x\r\n`), 3, 'Email', /not an e-mail/, /./],
  ['a fault in Windows-1252', Buffer.from(`Email\tCity\r${ok}\tM\xfcnchen\rnobody\tx\r`, 'latin1'), 3, 'Email', /not an e-mail/, /./],
];

test.each(oneBadRow)('%s: line, column and remedy are told, and the other rows go', async (_, content, line, column, told, remedy, how) => {
  const { rows, refused, faults, errors, sent, parts } = await check(content, { now: NOW, ...how });
  expect(
    faults.some((fault) => fault.line === line && fault.column === column && told.test(fault.reason) && remedy.test(fault.remedy)),
    JSON.stringify(faults),
  ).toBe(true);
  expect(errors.split('\n')[0]).toMatch(/^Line,Column,Reason,Remedy,/);
  expect(errors.split('\n').some((text) => text.startsWith(`${line},`))).toBe(true);
  expect(refused).toBeGreaterThan(0);
  expect(parts.reduce((sum, part) => sum + part.rows, 0)).toBe(rows - refused);
  expect(sent).toMatch(/ok@example\.com|\+48500600700|^1$/m);
});

test('a file of rows that are all bad is told row by row and sends nothing', async () => {
  expect(await check('Email\nx\ny\n')).toMatchObject({ rows: 2, refused: 2, parts: [] });
});

test('a line of 512 MB is told by its number, and takes no more memory than another', async () => {
  const dir = folder();
  const file = join(dir, 'line.csv');
  writeFileSync(file, `Email,City\n${ok},Opole\nb@example.com,`);
  truncateSync(file, 2 ** 29);
  const before = process.memoryUsage().rss;
  const checked = checkFile({
    ...{ kind: 'profiles', file, mapping: noMapping, consent: false, now: NOW, folder: join(dir, 'work') },
    signal: new AbortController().signal,
  });
  await expect(checked).rejects.toMatchObject({
    kind: 'config',
    message: expect.stringMatching(/line\.csv, line 3: .*more than 8 MB/),
    remedy: expect.stringMatching(/quote/),
  });
  expect(process.memoryUsage().rss - before).toBeLessThan(300 * 2 ** 20);
}, 180_000);
