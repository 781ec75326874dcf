import { expect, test } from 'vitest';
import { pathPart } from '../../src/sdk/http/url.ts';

test.each(['', '.', '..', '\ud800', 'x'.repeat(801)])('the id %j would lead to another path, and is refused with what to do', (id) => {
  let error: unknown;
  try {
    pathPart(id);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toMatchObject({
    kind: 'data',
    code: 'bad_id',
    message: expect.stringMatching(/^The id ".*cannot be used in a request\.$/) as string,
    remedy: expect.stringMatching(/Nothing was deleted/) as string,
  });
  expect((error as Error).message.length).toBeLessThan(200);
});

test('any other id is one segment, whatever stands in it', () => {
  expect(pathPart("a/b?c#d%e ü!'()*")).toBe('a%2Fb%3Fc%23d%25e%20%C3%BC%21%27%28%29%2A');
  expect(pathPart('...')).toBe('...');
});
