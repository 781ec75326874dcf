import { canonicalJson } from '../core/json/canonical.ts';
import { rawNumberText } from '../core/json/parse.ts';
import type { CoveredPath, HashText } from '../core/table.ts';
import type { Json } from '../core/types.ts';

const DOTS = '••••';
/** A text that looks like a member's name; one with other characters may be a value that the vendor uses as a name. */
const PLAIN_NAME = /^[A-Za-z_$][A-Za-z0-9_$ -]{0,63}$/;

/** The hash of any value. Equal values have equal hashes whatever the types of their columns, so that tables can be joined on them. */
export const hashOf =
  (hash: HashText) =>
  (value: unknown): string =>
    hash(typeof value === 'string' ? value : typeof value === 'object' && value !== null ? ofObject(value) : String(value));

const ofObject = (value: object): string => rawNumberText(value as Json) ?? canonicalJson(value);

/** The structure of a value without its contents. */
export function hideAll(value: unknown): unknown {
  if (value === null || value === undefined) return value;
  if (typeof value !== 'object' || rawNumberText(value as Json) !== undefined) return DOTS;
  if (Array.isArray(value)) return value.map(hideAll);
  return members(Object.keys(value).map((name) => [PLAIN_NAME.test(name) ? name : DOTS, hideAll((value as Members)[name])]));
}

type Members = Readonly<Record<string, unknown>>;

/** A copy of a JSON value in which the values at these paths are left out, hashed or masked. A path includes every item of a list. */
export function coverInside(value: unknown, paths: readonly CoveredPath[]): unknown {
  return paths.reduce((covered, rule) => (rule.path.length === 0 ? hideAll(covered) : coverOne(covered, rule, 0)), value);
}

function coverOne(value: unknown, rule: CoveredPath, at: number): unknown {
  if (typeof value !== 'object' || value === null || rawNumberText(value as Json) !== undefined) return value;
  if (Array.isArray(value)) return value.map((item) => coverOne(item, rule, at));
  const wanted = rule.path[at] as string;
  if (!Object.hasOwn(value, wanted)) return value;
  const last = at === rule.path.length - 1;
  return members(
    Object.entries(value).flatMap(([name, member]): [string, unknown][] => {
      if (name !== wanted) return [[name, member]];
      if (!last) return [[name, coverOne(member, rule, at + 1)]];
      if (rule.how === 'drop') return [];
      if (member === null) return [[name, null]];
      return [[name, rule.how === 'hash' ? hashOf(rule.hash)(member) : hideAll(member)]];
    }),
  );
}

/** Without a prototype, because then a member named `__proto__` is an ordinary member. */
function members(entries: readonly (readonly [string, unknown])[]): Members {
  const copy = Object.create(null) as Record<string, unknown>;
  for (const [name, member] of entries) copy[name] = member;
  return copy;
}
