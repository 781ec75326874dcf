import type { Json, JsonObject } from '../../src/core/types.ts';
import { parseJson } from '../../src/core/json/parse.ts';
import { printed, raw, type Altered, type Dice } from './mutation.ts';
import { nasty } from './nasty.ts';
import type { IsEnd } from './subjects.ts';

interface Place {
  readonly holder: Json[] | Record<string, Json>;
  readonly name: string;
  readonly value: Json;
  /** The outermost element of a list around it: the row it belongs to. */
  readonly row: Json | undefined;
  readonly depth: number;
  /** Names of the members it lies in: where rows are members of an object, these are their keys. */
  readonly path: readonly string[];
}

function* places(value: Json, row: Json | undefined = undefined, depth = 0, path: readonly string[] = []): Generator<Place, void, void> {
  if (typeof value !== 'object' || value === null) return;
  const list = Array.isArray(value);
  for (const [name, item] of Object.entries(value)) {
    const inner = row ?? (list ? item : undefined);
    yield { holder: value as Json[], name, value: item, row: inner, depth, path };
    yield* places(item, inner, depth + 1, list ? path : [...path, name]);
  }
}

/** Texts and numbers anywhere in it: by these a row is known again. */
export function leavesOf(value: Json, into: Set<string> = new Set()): Set<string> {
  if (typeof value === 'object' && value !== null) for (const item of Object.values(value)) leavesOf(item as Json, into);
  else if (value !== null) into.add(String(value));
  return into;
}

const PAGING =
  /^(next|prev|previous|self|links|cursor|pagination|current|total|totalEntries|meta|startTime|page|data|results|ids|identifiers)$/i;

/** Leaves of all rows that differ between an answer and what became of it. Undefined when it is no JSON any more. */
export function touchedBetween(before: string, after: string): Set<string> | undefined {
  const touched = new Set<string>();
  const compare = (a: Json, b: Json, row: Json | undefined): void => {
    if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null) {
      if (a !== b) leavesOf(row ?? null, touched);
      return;
    }
    const names = new Set([...Object.keys(a), ...Object.keys(b)]);
    for (const name of names) {
      const [one, other] = [(a as JsonObject)[name], (b as JsonObject)[name]];
      const inner = row ?? (Array.isArray(a) ? one : undefined);
      if (one === undefined || other === undefined) leavesOf(inner ?? null, touched).add(name);
      else compare(one, other, inner);
    }
  };
  try {
    compare(parseJson(before), parseJson(after), undefined);
  } catch {
    return undefined;
  }
  return touched;
}

/** What is told of the vendor by {@link IsEnd}, and whether it writes an empty list as null. */
export interface Manners {
  readonly isEnd: IsEnd;
  readonly nullLists: boolean;
}

/** Changes one thing in a JSON answer. Undefined when it is none. */
export function mutateJson(text: string, dice: Dice, { isEnd, nullLists }: Manners, echo: string): Altered | undefined {
  let parsed: Json;
  try {
    parsed = parseJson(text);
  } catch {
    return undefined;
  }
  const all = [...places(parsed)];
  if (all.length === 0) return undefined;
  const kind = dice.of(['member', 'member', 'paging', 'paging', 'row', 'row', 'list', 'top', 'duplicate', 'shape']);
  if (kind === 'top') {
    const [name, value] = dice.of<[string, Json]>([
      ['null', null],
      ['empty object', {}],
      ['empty list', []],
      ['text', 'moved'],
      ['number', 1],
      ['wrapped', { data: parsed }],
      ['in a list', [parsed]],
      ['data 1', { data: 1 }],
      ['data empty', { data: {} }],
      ['error', { errors: [{ detail: echo }] }],
    ]);
    // An answer that is a list alone says by an empty one that it has no rows.
    const emptied = Array.isArray(parsed) && ((Array.isArray(value) && value.length === 0) || (nullLists && value === null));
    return { text: printed(value), what: `answer is ${name}`, touched: leavesOf(emptied ? parsed : null), everything: false };
  }
  if (kind === 'duplicate') {
    const objects = all.filter(({ value }) => typeof value === 'object' && value !== null && !Array.isArray(value));
    if (objects.length === 0) return undefined;
    const { holder, name, value } = dice.of(objects);
    const body = printed(value);
    const [member] = Object.keys(value as JsonObject);
    if (member === undefined) return undefined;
    (holder as Record<string, Json>)[name] = raw(`{${JSON.stringify(member)}:${JSON.stringify(echo)},${body.slice(1)}`);
    // The last of two counts, as everywhere, and that is the right one.
    return { text: printed(parsed), what: `${name}.${member} stands twice`, touched: new Set(), everything: false };
  }
  if (kind === 'shape') {
    // Among hundreds of members of rows the list that holds them would hardly ever be met.
    const outermost = all.find(({ value, row }) => Array.isArray(value) && row === undefined);
    if (outermost === undefined) return undefined;
    const { holder, name, value } = outermost;
    const [what, changed] = dice.of<[string, Json]>([
      ['null', null],
      ['an object', {}],
      ['text', 'moved'],
      ['a number', 1],
      ['false', false],
      ['in an object', { items: value }],
    ]);
    (holder as Record<string, Json>)[name] = changed;
    const everything = isEnd(name, changed, holder as Record<string, Json>);
    return {
      text: printed(parsed),
      what: `the list ${name} is ${what}`,
      touched: leavesOf(nullLists && changed === null ? value : null),
      everything,
    };
  }
  if (kind === 'list') {
    const lists = all.filter(({ value }) => Array.isArray(value) && value.length > 0);
    if (lists.length === 0) return undefined;
    const { holder, name, value, row } = dice.of(lists);
    const list = value as Json[];
    const from = dice.below(list.length);
    const gone = list.splice(from);
    const touched = leavesOf(gone);
    // Below a row, the row itself is another one.
    if (row !== undefined && row !== value) leavesOf(row, touched);
    return {
      text: printed(parsed),
      what: `${name} ends after ${from}`,
      touched,
      everything: list.length === 0 && isEnd(name, list, holder as Record<string, Json>),
    };
  }
  const rows = all.filter(({ holder }) => Array.isArray(holder));
  if (kind === 'row' && rows.length > 0) {
    const place = dice.of(rows);
    const list = place.holder as Json[];
    const at = Number(place.name);
    const how = dice.of(['gone', 'twice', 'null', 'text', 'number', 'list', 'empty', 'moved', 'nasty']);
    if (how === 'gone') list.splice(at, 1);
    else if (how === 'twice') list.splice(at, 0, place.value);
    else if (how === 'moved') list.push(...list.splice(at, 1));
    else if (how === 'null') list[at] = null;
    else if (how === 'text') list[at] = echo;
    else if (how === 'number') list[at] = 7;
    else if (how === 'list') list[at] = [place.value];
    else if (how === 'empty') list[at] = {};
    else list[at] = nasty(dice, echo).value;
    // A row that stands twice or elsewhere is still there; where the list is a part of a row, the row is another one.
    const kept = place.row === place.value && (how === 'twice' || how === 'moved');
    // Where rows are members of an object, their names are their keys.
    const touched = kept ? new Set<string>() : leavesOf(place.row ?? null, new Set(place.path));
    const everything = list.length === 0 && isEnd(place.path.at(-1) ?? '', list, {});
    return { text: printed(parsed), what: `element ${at} of a list: ${how}`, touched, everything };
  }
  const members = all.filter(({ holder, name }) => !Array.isArray(holder) && (kind !== 'paging' || PAGING.test(name)));
  if (members.length === 0) return undefined;
  // The outermost members are few among many, and matter most.
  const outer = members.filter(({ depth }) => depth <= 2);
  const { holder, name, value, row, path } = dice.of(outer.length > 0 && dice.below(3) === 0 ? outer : members);
  const target = holder as Record<string, Json>;
  const touched = leavesOf(row ?? null, new Set([...path, name]));
  /** Where rows are members of an object, there are none of them without it. */
  const leaveOutMembers = (): void => {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) for (const member of Object.keys(value)) touched.add(member);
  };
  if (dice.below(4) === 0) {
    delete target[name];
    leaveOutMembers();
    return {
      text: printed(parsed),
      what: `${name} is missing`,
      touched,
      everything: isEnd(name, undefined, target),
    };
  }
  const { what, value: changed } = nasty(dice, echo, value);
  target[name] = changed;
  if (what === 'null' || what === 'an empty object') leaveOutMembers();
  // A list in place of a list has other rows.
  const empty = (Array.isArray(changed) && changed.length === 0) || (nullLists && changed === null);
  if (Array.isArray(value) && (empty || Array.isArray(changed) || what === 'nested 600 deep')) leavesOf(value, touched);
  return { text: printed(parsed), what: `${name} is ${what}`, touched, everything: isEnd(name, changed, target) };
}
