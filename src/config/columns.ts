import { createHmac } from 'node:crypto';
import type { CoveredPath, Field, Fields, HashText, TableDefinition, Treatment } from '../core/table.ts';
import type { Problem } from './placeholders.ts';
import type { RawConnection } from './schema.ts';
import { hint } from './suggest.ts';
import type { Path } from './yaml-file.ts';

type Rules = NonNullable<RawConnection['columns']>[string];

interface Rule {
  readonly how: Treatment;
  /** The column, then the member names that lead to the value in its JSON. */
  readonly column: string;
  readonly path: readonly string[];
  readonly at: Path;
}

export const EXTRA = '_extra';
const treatments = ['drop', 'hash', 'mask'] as const satisfies readonly Treatment[];

/** Builds the hash function from `hash_secret`. The settings refuse hash rules without a secret. */
export function hashWith(secret: string | undefined): HashText {
  return (text) =>
    createHmac('sha256', secret ?? '')
      .update(text)
      .digest('hex');
}

/** Problems of the rules for a table's columns; `path` is their place in the settings file. */
export function columnProblems(
  definition: TableDefinition,
  all: readonly TableDefinition[],
  rules: Rules,
  path: Path,
  hashes: boolean,
): Problem[] {
  const problems: Problem[] = [];
  const seen = new Map<string, Treatment>();
  const named = new Map(rulesOf(rules, path).map((rule) => [[rule.column, ...rule.path].join('.'), rule.how]));
  for (const rule of rulesOf(rules, path)) {
    const say = (text: string): void => void problems.push({ path: rule.at, text });
    const { column, how } = rule;
    const field = Object.hasOwn(definition.fields, column) ? definition.fields[column] : undefined;
    const whole = [column, ...rule.path].join('.');
    const around = rule.path.map((_, depth) => [column, ...rule.path.slice(0, depth)].join('.')).find((name) => named.has(name));
    const before = seen.get(whole);
    seen.set(whole, how);
    if (before !== undefined) say(`${whole} is named ${before === how ? 'twice' : `by ${before} as well`}; keep one of the two`);
    else if (around !== undefined) say(`${whole} is inside ${around}, which ${named.get(around)} covers as a whole; remove one of the two`);
    else if (column === '_synced_at' || column === '_deleted')
      say(`${column} is written by Tributary and does not come from the row; remove it here`);
    else if (column === EXTRA) {
      if (rule.path.length === 0 && how !== 'drop') say('_extra as a whole can only be dropped; write _extra.name for one value in it');
    } else if (field === undefined)
      say(`${definition.name} has no column ${column}${hint(column, [...Object.keys(definition.fields), EXTRA])}`);
    else if (rule.path.some((name) => name === ''))
      say(`${whole} has an empty name between two dots; write \\. for a dot that is part of a name`);
    else if (rule.path.length > 0 && field.type !== 'json')
      say(`${column} is a column of type ${field.type} and has no values inside; name the column alone`);
    else if (rule.path.length === 0) problems.push(...wholeColumn(definition, all, rule, field));
    if (how === 'hash' && !hashes)
      say('needs hash_secret at the top of the settings; set it to a long random text, e.g. hash_secret: "${TRIBUTARY_HASH_SECRET}"');
  }
  return [...problems, ...elsewhere(definition, rules, path)];
}

function wholeColumn(definition: TableDefinition, all: readonly TableDefinition[], { column, how, at }: Rule, field: Field): Problem[] {
  const say = (text: string): Problem[] => [{ path: at, text }];
  const isKey = definition.key.includes(column);
  const names = isKey || (definition.scope?.includes(column) ?? false);
  if (isKey && how !== 'hash')
    return say(`${column} is part of the key, and ${how === 'drop' ? 'without it' : 'masked'} two rows would be one; it can be hashed`);
  if (names && how !== 'hash')
    return say(
      `${column} identifies the listing a row came from, so it cannot be ${how === 'drop' ? 'dropped' : 'masked'}; it can be hashed`,
    );
  const asker = definition.confirm === undefined ? all.find(({ namedBy }) => namedBy?.table === definition.name) : definition;
  if (names && asker !== undefined)
    return say(
      `${column} cannot be hashed: before a row of ${asker.name} is deleted, the vendor is asked about it by this value, and only the topic holds it`,
    );
  if (column === definition.replicationKey)
    return say(`${column} is the column that incremental reads follow and freshness is measured on; it cannot be changed`);
  if (how === 'mask' && field.type !== 'text' && field.type !== 'json')
    return say(`${column} is of type ${field.type}, which cannot be masked; drop or hash it`);
  return [];
}

/** Problems with columns that a rule hides while another column holds the same value of the vendor. */
function elsewhere(definition: TableDefinition, rules: Rules, path: Path): Problem[] {
  const all = rulesOf(rules, path);
  const way = (column: string, field: Field): readonly string[] => field.path?.split('.') ?? [column];
  return all.flatMap(({ column, path: inside, at, how }) => {
    const field = Object.hasOwn(definition.fields, column) ? definition.fields[column] : undefined;
    if (field === undefined || inside.length > 0) return [];
    const own = way(column, field);
    return Object.entries(definition.fields).flatMap(([other, { type, ...rest }]): Problem[] => {
      const theirs = way(other, { type, ...rest });
      if (other === column || theirs.length > own.length || theirs.some((name, i) => name !== own[i])) return [];
      const below = own.slice(theirs.length);
      if (below.length > 0 && type !== 'json') return [];
      const covered = all.some((rule) => rule.column === other && rule.path.every((name, i) => name === below[i]));
      const name = [other, ...below].map(escaped).join('.');
      return covered ? [] : [{ path: at, text: `the value of ${column} is also in the column ${other}; ${how} ${name} as well` }];
    });
  });
}

const escaped = (name: string): string => name.replaceAll('.', '\\.');

/** The table after the rules: its schema, landings and documents follow from this. The rules must have been checked. */
export function coverColumns(definition: TableDefinition, rules: Rules, hash: HashText): TableDefinition {
  const fields: Record<string, Field> = {};
  const dropped: Record<string, Field> = {};
  const given = rulesOf(rules, []);
  const inside = (column: string): CoveredPath[] =>
    given.filter((rule) => rule.column === column && rule.path.length > 0).map(({ path, how }) => ({ path, how, hash }));
  for (const [column, field] of Object.entries(definition.fields as Fields)) {
    const how = given.find((rule) => rule.column === column && rule.path.length === 0)?.how;
    const within = inside(column);
    if (how === 'drop') dropped[column] = field;
    else if (how === 'hash') fields[column] = hashed(field, hash);
    else if (how === 'mask' && field.type === 'json')
      // `secret` hides only what JSON names like a secret; here every value is meant.
      fields[column] = { ...field, inside: [...within, { path: [], how, hash }], doc: told(field, 'masked') };
    else if (how === 'mask') fields[column] = { ...field, secret: true, doc: told(field, 'masked') };
    else if (within.length > 0)
      fields[column] = { ...field, inside: within, doc: told(field, 'some of its values are left out, hashed or masked') };
    else fields[column] = field;
  }
  return Object.freeze({
    ...definition,
    fields,
    cover: {
      dropped,
      dropExtra: given.some(({ column, path }) => column === EXTRA && path.length === 0),
      extra: inside(EXTRA),
      fingerprint: hash(JSON.stringify(rules)).slice(0, 16),
    },
  });
}

function hashed(field: Field, hash: HashText): Field {
  const { doc, key, whenMissing } = field;
  return {
    type: 'text',
    doc: told(field, 'hashed, HMAC-SHA256 in hexadecimal'),
    hashed: { of: { ...field, doc }, hash },
    ...(field.path === undefined ? {} : { path: field.path }),
    ...(field.derive === undefined ? {} : { derive: field.derive }),
    ...(key === undefined ? {} : { key }),
    ...(whenMissing === undefined ? {} : { whenMissing }),
  };
}

const told = ({ doc }: Field, how: string): string => `${doc.replace(/\.$/, '')} (${how})`;

function rulesOf(rules: Rules, path: Path): Rule[] {
  return treatments.flatMap((how) =>
    (rules[how] ?? []).map((text, index): Rule => {
      const [column = '', ...inside] = text.split(/(?<!\\)\./).map((part) => part.replaceAll('\\.', '.'));
      return { how, column, path: inside, at: [...path, how, index] };
    }),
  );
}
