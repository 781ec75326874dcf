import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { javaProperties, writeProperties } from '../../src/stack/properties.ts';

/** Reads a text as java.util.Properties documents it ("load(InputStream)": ISO 8859-1, escapes, remarks). */
function asJavaReads(bytes: Buffer): Record<string, string> {
  const found = new Map<string, string>();
  for (const line of bytes.toString('latin1').split('\n')) {
    const text = line.replace(/^[ \t\f]+/, '');
    if (text === '' || text.startsWith('#') || text.startsWith('!')) continue;
    const [, name = '', value = ''] = /^((?:\\.|[^\\=: \t\f])*)[ \t\f]*[=:]?[ \t\f]*(.*)$/s.exec(text) ?? [];
    found.set(plain(name), plain(value));
  }
  // By entries: a name such as __proto__ is a name like any other.
  return Object.fromEntries(found);
}

function plain(text: string): string {
  const named: Record<string, string> = { t: '\t', n: '\n', r: '\r', f: '\f' };
  return text.replaceAll(/\\(?:u([0-9a-f]{4})|(.))/gs, (_, code: string | undefined, character: string) =>
    code === undefined ? (named[character] ?? character) : String.fromCharCode(parseInt(code, 16)),
  );
}

test('whatever a value holds, Java reads back the same', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ minLength: 1, unit: 'binary' }), fc.string({ unit: 'binary' })), (settings) => {
      expect(asJavaReads(Buffer.from(javaProperties(settings), 'latin1'))).toEqual(Object.fromEntries(Object.entries(settings)));
    }),
    { numRuns: 500, examples: [[JSON.parse('{"__proto__":"a"}') as Record<string, string>]] },
  );
});

test.each(['Zoë', 'a b', ' leads', '#remark', '!remark', 'C:\\data\\new', 'a,b', 'x=y:z', '日本 😀', 'line\nbreak', 'tab\there', ''])(
  '%j is written as Java reads it',
  (value) => {
    const text = javaProperties({ 'log.dirs': value });
    expect(text).toMatch(/^[\u0020-\u007E]*\n$/);
    expect(asJavaReads(Buffer.from(text, 'latin1'))).toEqual({ 'log.dirs': value });
  },
);

test("a file with passwords is its owner's alone, whatever the process's own habit is", () => {
  const dir = mkdtempSync(join(tmpdir(), 'tributary-properties-'));
  try {
    const path = join(dir, 'x.properties');
    writeProperties(path, { a: 1 });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    // One that an earlier release left open is closed.
    writeFileSync(path, '', { mode: 0o644 });
    execFileSync('chmod', ['644', path]);
    writeProperties(path, { a: 1 });
    expect(statSync(path).mode & 0o777).toBe(0o600);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
