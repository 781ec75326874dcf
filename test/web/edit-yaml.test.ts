import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { editYaml, type Change } from '../../src/web/setup/edit-yaml.ts';
import { diff } from '../../src/web/setup/settings-file.ts';

const text = `# Settings of the shop.
prefix:   acme       # never change this

connections:   # all accounts
  # The shop in Poland.
  klaviyo:      # since 2019
    settings:
        api_key: \${K}        # from the vault
        base_url: 'https://x'


    tables: [profile,event]      # two
    # schedule: "0 3 * * *"

# Where it goes.
landings:
    # The PostgreSQL of this machine.
    postgres: embedded
    wh: { kind: s3,  bucket: b }   # files
kafka:   # three of them
  brokers:
  - a:1
  - b:1
notify:
# The end.
`;

function edited(path: string, value: unknown, before = text): string {
  return editYaml(before, [{ path: path.split('.'), value }]);
}

test.each<[string, string, unknown, string, string]>([
  ['a value', 'prefix', 'other', 'prefix:   acme       #', 'prefix:   other       #'],
  ['a value in quotes', 'connections.klaviyo.settings.base_url', 'https://y', `'https://x'`, 'https://y'],
  ['a new member', 'connections.klaviyo.history', '90d', '# two\n', '# two\n    history: 90d\n'],
  ['a new connection', 'connections.b.settings.k', 'v', '3 * * *"\n', '3 * * *"\n  b:\n    settings:\n      k: v\n'],
  [
    'a member of a member',
    'connections.klaviyo.settings.sftp',
    { user: 'u' },
    `'https://x'\n`,
    `'https://x'\n        sftp:\n          user: u\n`,
  ],
  ['a list in brackets', 'connections.klaviyo.tables', ['metric', 'a, b'], '[profile,event]', '[ metric, "a, b" ]'],
  ['a list in lines', 'kafka.brokers', ['c:1'], '  - a:1\n  - b:1\n', '    - c:1\n'],
  ['a member in braces', 'landings.wh.bucket', 'c', 'bucket: b', 'bucket: c'],
  ['a new member in braces', 'landings.wh.tasks', 2, 'bucket: b }', 'bucket: b, tasks: 2 }'],
  ['a member in braces that goes', 'landings.wh.bucket', undefined, 'kind: s3,  bucket: b', 'kind: s3'],
  ['a member that goes', 'landings.postgres', undefined, '    postgres: embedded\n', ''],
  ['an empty section', 'notify.url', 'https://n', 'notify:\n', 'notify:\n  url: https://n\n'],
  ['a section that is not there', 'web.read_only', true, 'notify:\n', 'notify:\nweb:\n  read_only: true\n'],
  ['a word that becomes a section', 'landings.postgres', { kind: 's3' }, 'postgres: embedded\n', 'postgres:\n      kind: s3\n'],
  ['what is the same already', 'connections.klaviyo.tables', ['profile', 'event'], '', ''],
])('%s is written in its place, and nothing else', (_what, path, value, old, fresh) => {
  expect(edited(path, value)).toBe(text.replace(old, () => fresh));
  const crlf = (part: string) => part.replaceAll('\n', '\r\n');
  expect(edited(path, value, crlf(text))).toBe(crlf(text.replace(old, () => fresh)));
});

test('a section whose last member goes is empty, and can be filled again', () => {
  const before = 'prefix: a # ours\nlandings:   # one\n  # the shop\n  wh: { kind: s3 }\n';
  const without = edited('landings.wh', undefined, before);
  expect(without).toBe('prefix: a # ours\nlandings: {}   # one\n  # the shop\n');
  expect(edited('landings.b.kind', 's3', without)).toBe('prefix: a # ours\nlandings:   # one\n  b:\n    kind: s3\n  # the shop\n');
});

test.each([
  ['', 'a:\n  b: 1\n'],
  ['# Nothing yet.\n', '# Nothing yet.\na:\n  b: 1\n'],
  ['x: 1', 'x: 1\na:\n  b: 1\n'],
  ['x: |\n  two\n  lines\n', 'x: |\n  two\n  lines\na:\n  b: 1\n'],
])('a first section in %j', (before, after) => {
  expect(edited('a.b', 1, before)).toBe(after);
});

// What stands in braces, in lines, in quotes, with comments wherever YAML allows one.
const forms = [
  text,
  `{ prefix: a, connections: { klaviyo: { settings: { api_key: k }, tables: [ profile ] } } } # all\n`,
  `connections:\n  klaviyo:\n    settings:\n      api_key: |\n        k\n      base_url: >-\n        https://x\n    tables:\n      # first\n      - profile # p\n\n      # second\n      - event\n  "quoted":   {}\nprefix: ~\n`,
  `"connections" :\n  ? klaviyo\n  : settings: {api_key: k}\n`,
  `connections: # none yet\nlandings:\n\n  # later\nprefix: "a"`,
];
const values = [
  'x',
  '',
  'a: b # c',
  '*',
  7,
  true,
  null,
  [],
  ['x', 'y: z'],
  {},
  { x: 1 },
  { settings: { api_key: 'n' }, tables: ['t'] },
  'two\nlines',
];
const paths = [
  'prefix',
  'connections.klaviyo',
  'connections.klaviyo.settings.api_key',
  'connections.klaviyo.settings',
  'connections.klaviyo.tables',
];
paths.push('connections.fresh.settings.key', 'landings.wh', 'landings', 'notify.url', 'connections.quoted.settings');

/** The same change of plain values. */
function changed(from: unknown, [name = '', ...rest]: readonly string[], value: unknown): unknown {
  const map = typeof from === 'object' && from !== null && !Array.isArray(from) ? (from as Record<string, unknown>) : undefined;
  if (value !== undefined) return { ...map, [name]: rest.length === 0 ? value : changed(map?.[name], rest, value) };
  if (map === undefined || !(name in map)) return from;
  const { [name]: old, ...others } = map;
  return rest.length === 0 ? others : { ...map, [name]: changed(old, rest, value) };
}

test.each(forms)('whatever is changed in %j, all other values stay what they are', (form) => {
  for (const [at, first] of paths.entries())
    for (const place of values.keys()) {
      const second = paths[(at + place) % paths.length] ?? '';
      const changes: Change[] = [
        { path: first.split('.'), value: place === 0 ? undefined : values[place] },
        { path: second.split('.'), value: place === 1 ? undefined : values[(place * 5 + at) % values.length] },
      ];
      const wanted = changes.reduce<unknown>((from, { path, value }) => changed(from, path, value), parse(form));
      expect(parse(editYaml(form, changes)), `${form}\n${JSON.stringify(changes)}`).toEqual(wanted);
    }
});

test('what cannot be edited in place is written by the package', () => {
  const before = 'connections: # all\n  a: &a { settings: { k: v } }\n  b: *a\n';
  expect(parse(edited('connections.a.history', '1y', before))).toEqual({
    connections: { a: { settings: { k: 'v' }, history: '1y' }, b: { settings: { k: 'v' }, history: '1y' } },
  });
  expect(() => edited('a', 1, 'a: [')).toThrow();
});

test('what is shown of a change are its lines, not what lies between two of them', () => {
  const lines = Array.from({ length: 20 }, (_, n) => `line ${n}`);
  const after = lines.map((line, n) => (n === 4 ? 'fresh' : line)).toSpliced(16, 1);
  const shown = diff(lines.join('\n'), after.join('\n'));
  const sign = { same: ' ', add: '+', del: '-' } as const;
  expect(shown.map(({ kind, text: line }) => `${sign[kind]}${line.replace('line ', '')}`)).toEqual([
    ' 1',
    ' 2',
    ' 3',
    '-4',
    '+fresh',
    ' 5',
    ' 6',
    ' 7',
    ' …',
    ' 13',
    ' 14',
    ' 15',
    '-16',
    ' 17',
    ' 18',
    ' 19',
  ]);
  expect(diff('a\nb', 'a\nb')).toEqual([]);
  expect(diff('', 'a\n')).toEqual([
    { kind: 'add', text: 'a' },
    { kind: 'same', text: '' },
  ]);
});
