import { expect, test } from 'vitest';
import { isDate } from '../../src/import/cells.ts';
import { cellOf, isBinary, isTime } from '../../src/import/query-types.ts';

// Texts as PostgreSQL 16 writes them with datestyle ISO and timezone UTC; Redshift's are the same but for its 17 digits of a float8.
test.each([
  [16, 't', 'true'],
  [16, 'f', 'false'],
  [1082, '2026-02-03', '2026-02-03'],
  [1114, '2026-02-03 07:08:09', '2026-02-03 07:08:09'],
  [1114, '2026-02-03 07:08:09.1', '2026-02-03 07:08:09.100000'],
  [1184, '2026-02-03 07:08:09+00', '2026-02-03 07:08:09+00:00'],
  [1184, '2026-02-03 07:08:09.123456+00', '2026-02-03 07:08:09.123456+00:00'],
  [1184, '2026-02-03 07:08:09+05:30', '2026-02-03 07:08:09+05:30'],
  [1184, 'infinity', 'infinity'],
  [1114, '0044-03-15 00:00:00 BC', '0044-03-15 00:00:00 BC'],
  [701, '0.10000000000000001', '0.1'],
  [701, '1e+30', '1e+30'],
  [701, 'NaN', 'NaN'],
  [700, '0.1', '0.1'],
  [1700, '12345678901234567890.50', '12345678901234567890.50'],
  [20, '9007199254740993', '9007199254740993'],
  [1042, 'ab   ', 'ab'],
  [25, ' kept ', ' kept '],
])('type %i: %s becomes %s', (type, text, cell) => {
  expect(cellOf(text, type)).toBe(cell);
  if (isTime(type) && !/infinity|BC/.test(text)) expect(isDate(cell)).toBe(true);
});

test('binary columns are known by both names', () => expect([17, 6551, 25].map(isBinary)).toEqual([true, true, false]));
