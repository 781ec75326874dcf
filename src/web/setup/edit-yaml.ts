import { isDeepStrictEqual } from 'node:util';
import { isCollection, isMap, isNode, isScalar, parseDocument, stringify, type Node, type Pair, type YAMLMap } from 'yaml';

/** One path in a YAML text and its new value; undefined removes it. */
export interface Change {
  readonly path: readonly string[];
  readonly value: unknown;
}

interface Splice {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/**
 * The text with the changes applied. Only the lines of what changes are written anew: comments, blank lines, quotes, indentation and order of all others
 * stay as somebody wrote them, which the package's own way of writing a document does not promise. What cannot be edited in place (an alias, a flow map within a list)
 * is left to the package: the result always holds the same values.
 * @throws Error when the text is no YAML.
 */
export function editYaml(text: string, changes: readonly Change[]): string {
  const whole = parseDocument(text);
  if (whole.errors[0] !== undefined) throw whole.errors[0];
  let edited: string | undefined = text;
  for (const { path, value } of changes) {
    if (value !== undefined) {
      // A section that is named and left empty, or not there yet.
      for (let end = 0; end < path.length; end += 1)
        if (end > 0 && !isMap(whole.getIn(path.slice(0, end)))) whole.setIn(path.slice(0, end), whole.createNode({}));
      whole.setIn(path, whole.createNode(value));
    } else if (whole.hasIn(path)) whole.deleteIn(path);
    edited = edited === undefined ? undefined : attempt(edited, path, value);
  }
  if (edited !== undefined) {
    const read = parseDocument(edited);
    if (read.errors.length === 0 && isDeepStrictEqual(read.toJS(), whole.toJS())) return edited;
  }
  return whole.toString({ lineWidth: 0 });
}

/** One change in place; undefined when it cannot be made so. */
function attempt(text: string, path: readonly string[], value: unknown): string | undefined {
  const editor = new Editor(text);
  const splices = editor.change(path, value);
  if (splices === undefined) return undefined;
  let result = text;
  for (const { from, to, text: put } of splices.toSorted((a, b) => b.from - a.from || b.to - a.to))
    result = result.slice(0, from) + put + result.slice(to);
  return result;
}

class Editor {
  readonly #text: string;
  readonly #eol: string;

  constructor(text: string) {
    this.#text = text;
    this.#eol = text.includes('\r\n') ? '\r\n' : '\n';
  }

  change(path: readonly string[], value: unknown): Splice[] | undefined {
    const root = parseDocument(this.#text).contents;
    if (root === null) return value === undefined ? [] : [this.#atEnd(nested(path, value))];
    if (!isMap(root)) return undefined;
    let map: YAMLMap = root;
    let holder: Pair | undefined;
    for (const [depth, name] of path.entries()) {
      const pair = pairOf(map, name);
      if (pair === undefined) return value === undefined ? [] : this.#add(map, holder, nested(path.slice(depth), value));
      if (depth === path.length - 1) return value === undefined ? this.#remove(map, holder, pair) : this.#set(map, pair, value);
      if (isMap(pair.value)) [map, holder] = [pair.value, pair];
      else return value === undefined ? [] : this.#set(map, pair, nested(path.slice(depth + 1), value));
    }
    return undefined;
  }

  /** The pair's new value. Of two maps only what differs is touched. */
  #set(map: YAMLMap, pair: Pair, value: unknown): Splice[] | undefined {
    const old = pair.value as Node | null;
    if (isMap(old) && isPlain(value)) {
      const names = old.items.map((item) => String(isScalar(item.key) ? item.key.value : item.key));
      // All or nothing in one step: several places of one map can touch each other.
      const gone = names.filter((name) => !(name in value));
      const fresh = Object.entries(value).filter(([name]) => !names.includes(name));
      if (gone.length === 0 && Object.keys(value).length > 0) {
        const parts = [
          ...Object.entries(value).flatMap(([name, part]) => {
            const at = pairOf(old, name);
            return at === undefined || isDeepStrictEqual(js(at.value), part) ? [] : [this.#set(old, at, part)];
          }),
          ...(fresh.length === 0 ? [] : [this.#add(old, pair, Object.fromEntries(fresh))]),
        ];
        return parts.includes(undefined) ? undefined : parts.flatMap((part) => part ?? []);
      }
    }
    if (isDeepStrictEqual(js(old), value)) return [];
    const keyEnd = this.#afterColon(pair);
    if (keyEnd === undefined) return undefined;
    const written = old !== null && stands(old) ? old : undefined;
    const isBlock = written !== undefined && isCollection(written) && written.flow !== true;
    // A list somebody wrote in brackets stays one.
    const bracketed = Array.isArray(value) && written !== undefined && isCollection(written);
    if (map.flow === true || (!isBlock && (inline(value) || bracketed)))
      return [
        written === undefined
          ? { from: keyEnd, to: keyEnd, text: ` ${flow(value)}` }
          : { from: place(written)[0], to: this.#inlineEnd(written), text: flow(value) },
      ];
    const lines = this.#block(value, this.#column(map) + this.#step(map, isBlock ? written : undefined));
    const cut: Splice[] = [];
    if (written !== undefined && !isBlock) cut.push({ from: keyEnd, to: this.#inlineEnd(written), text: '' });
    const head = this.#lineEnd(written !== undefined && !isBlock ? this.#end(written) : keyEnd);
    const tail = isBlock ? this.#lineEnd(this.#end(written)) : head;
    if (inline(value))
      return [
        { from: keyEnd, to: keyEnd, text: ` ${flow(value)}` },
        { from: head, to: tail, text: '' },
      ];
    return [...cut, { from: head, to: tail, text: this.#ownLines(head, lines) }];
  }

  /** Members that are not there yet, behind the last one. */
  #add(map: YAMLMap, holder: Pair | undefined, members: Readonly<Record<string, unknown>>): Splice[] | undefined {
    const last = map.items.at(-1);
    if (map.flow === true) {
      if (last === undefined) return holder === undefined ? undefined : this.#setEmpty(map, holder, members);
      const at = this.#pairEnd(last);
      return at === undefined ? undefined : [{ from: at, to: at, text: `, ${flow(members).slice(2, -2)}` }];
    }
    const end = last === undefined ? undefined : this.#pairEnd(last);
    if (end === undefined) return undefined;
    const column = this.#column(map);
    let at = this.#lineEnd(end);
    // Comments that are further in belong to the last member.
    for (let line = at; line < this.#text.length; line = this.#nextLine(line)) {
      const [, blanks = '', rest = ''] = /^( *)(.*)/.exec(this.#text.slice(line, this.#nextLine(line))) ?? [];
      if (rest.startsWith('#') && blanks.length > column) at = this.#nextLine(line);
      else if (rest.trim() !== '') break;
    }
    return [{ from: at, to: at, text: this.#ownLines(at, this.#block(members, column)) }];
  }

  #setEmpty(map: YAMLMap, holder: Pair, members: Readonly<Record<string, unknown>>): Splice[] | undefined {
    const keyEnd = this.#afterColon(holder);
    if (keyEnd === undefined) return undefined;
    const key = place(holder.key)[0];
    // Within another flow map it stays one.
    if (this.#text.slice(this.#lineStart(key), key).trim() !== '') return [{ from: place(map)[0], to: place(map)[1], text: flow(members) }];
    const head = this.#lineEnd(place(map)[1]);
    return [
      { from: keyEnd, to: place(map)[1], text: '' },
      { from: head, to: head, text: this.#ownLines(head, this.#block(members, key - this.#lineStart(key) + 2)) },
    ];
  }

  #remove(map: YAMLMap, holder: Pair | undefined, pair: Pair): Splice[] | undefined {
    const end = this.#pairEnd(pair);
    const [from] = place(pair.key);
    if (end === undefined) return undefined;
    if (map.flow === true) {
      const index = map.items.indexOf(pair);
      const next = map.items[index + 1];
      const previous = map.items[index - 1];
      if (next !== undefined) return [{ from, to: place(next.key)[0], text: '' }];
      const before = previous === undefined ? undefined : this.#pairEnd(previous);
      if (before !== undefined) return [{ from: before, to: end, text: '' }];
      return [{ from: place(map)[0], to: place(map)[1], text: '{}' }];
    }
    if (map.items.length > 1) return [{ from: this.#lineStart(from), to: this.#lineEnd(end), text: '' }];
    const keyEnd = holder === undefined ? undefined : this.#afterColon(holder);
    if (keyEnd === undefined) return undefined;
    return [
      { from: keyEnd, to: keyEnd, text: ' {}' },
      { from: this.#lineStart(from), to: this.#lineEnd(end), text: '' },
    ];
  }

  #atEnd(members: Readonly<Record<string, unknown>>): Splice {
    const at = this.#text.length;
    return { from: at, to: at, text: this.#ownLines(at, this.#block(members, 0)) };
  }

  #block(value: unknown, column: number): string {
    const pad = ' '.repeat(column);
    return stringify(value, { lineWidth: 0 })
      .replaceAll(/^(?=.)/gm, pad)
      .replaceAll('\n', this.#eol);
  }

  /** Lines for a place that may be the end of a file without a last line break. */
  #ownLines(at: number, lines: string): string {
    return at > 0 && this.#text[at - 1] !== '\n' ? `${this.#eol}${lines}` : lines;
  }

  #column(map: YAMLMap): number {
    const [key] = place(map.items[0]?.key);
    return key - this.#lineStart(key);
  }

  #step(map: YAMLMap, inner: Node | undefined): number {
    const nested = isMap(inner) ? inner : map.items.map(({ value }) => value).find((value) => isMap(value) && value.flow !== true);
    return isMap(nested) && nested.items.length > 0 ? Math.max(1, this.#column(nested) - this.#column(map)) : 2;
  }

  #afterColon(pair: Pair): number | undefined {
    const [, end] = place(pair.key);
    const colon = /^[ \t]*:/.exec(this.#text.slice(end));
    return colon === null ? undefined : end + colon[0].length;
  }

  #pairEnd(pair: Pair): number | undefined {
    const value = pair.value as Node | null;
    return value !== null && stands(value) ? this.#end(value) : this.#afterColon(pair);
  }

  /** Where the last character of a node stands, without comments behind it. */
  #end(node: Node): number {
    if (isCollection(node) && node.flow !== true) {
      const last: unknown = node.items.at(-1);
      if (isMap(node)) return this.#pairEnd(last as Pair) ?? place(node)[1];
      if (stands(last)) return this.#end(last as Node);
    }
    return place(node)[1];
  }

  /** The same, before the line break that belongs to a block scalar. */
  #inlineEnd(node: Node): number {
    const end = this.#end(node);
    return this.#text[end - 1] !== '\n' ? end : end - (this.#text[end - 2] === '\r' ? 2 : 1);
  }

  #lineStart(at: number): number {
    return this.#text.lastIndexOf('\n', at - 1) + 1;
  }

  /** Where the line after a node begins; a block scalar ends there already. */
  #lineEnd(at: number): number {
    return at > 0 && this.#text[at - 1] === '\n' ? at : this.#nextLine(at);
  }

  #nextLine(at: number): number {
    const next = this.#text.indexOf('\n', at);
    return next === -1 ? this.#text.length : next + 1;
  }
}

/** Where a node that was read begins and ends in its text. */
function place(node: unknown): readonly [from: number, to: number] {
  const range = isNode(node) ? node.range : undefined;
  return [range?.[0] ?? 0, range?.[1] ?? 0];
}

/** Whether anything is written for a node; of `name:` alone the value is not. */
function stands(node: unknown): boolean {
  const [from, to] = place(node);
  return to > from;
}

function pairOf(map: YAMLMap, name: string): Pair | undefined {
  return map.items.find(({ key }) => isScalar(key) && String(key.value) === name);
}

function nested(path: readonly string[], value: unknown): Readonly<Record<string, unknown>> {
  const members = path.length > 1 ? nested(path.slice(1), value) : value;
  return { [path[0] ?? '']: members };
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a value stands behind its key, on the same line. */
function inline(value: unknown): boolean {
  return typeof value !== 'object' || value === null || Object.keys(value).length === 0;
}

/** A value as it may stand anywhere, within a flow collection as well. */
function flow(value: unknown): string {
  const text = stringify([value], { collectionStyle: 'flow', lineWidth: 0 }).trim();
  return text.includes('\n') ? JSON.stringify(value) : text.slice(1, -1).trim();
}

function js(node: unknown): unknown {
  return node !== null && typeof node === 'object' && 'toJSON' in node ? (node as Node).toJSON() : node;
}
