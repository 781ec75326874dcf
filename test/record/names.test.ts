import { describe, expect, it } from 'vitest';
import { isColumnName, snakeCase } from '../../src/core/names.ts';

describe('snakeCase', () => {
  it.each([
    ['MsgID', 'msg_id'],
    ['writeKeys', 'write_keys'],
    ['isCoreEvent', 'is_core_event'],
    ['appURLs', 'app_urls'],
    ['URLs', 'urls'],
    ['IDsOfUsers', 'ids_of_users'],
    ['HTTPServer', 'http_server'],
    ['sha256Hash', 'sha256_hash'],
    ['already_snake', 'already_snake'],
    ['$email', '_email'],
    ['First Name', 'first_name'],
    ['a - b', 'a_b'],
    ['2fa', '_2fa'],
    ['ID', 'id'],
    ['', '_'],
    ['é', '_'],
    ['created_at', 'created_at'],
    ['External_ID', 'external_id'],
    ['ListID', 'list_id'],
  ])('%s becomes %s', (vendor, column) => {
    expect(snakeCase(vendor)).toBe(column);
  });

  it('is stable: a column name stays as it is', () => {
    for (const name of ['msg_id', '_merged_into', 'a1', 'app_urls']) expect(snakeCase(name)).toBe(name);
  });
});

describe('isColumnName', () => {
  it('takes lower snake case only', () => {
    expect(['id', '_merged_into', 'a1_b'].every(isColumnName)).toBe(true);
    expect(['Id', 'a-b', '1a', '', 'a__b', 'a_', 'x'.repeat(64)].some(isColumnName)).toBe(false);
  });
});
