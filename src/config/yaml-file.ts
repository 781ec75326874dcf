import { isMap, isScalar, isSeq, LineCounter, parseDocument, visit, type Document, type Node } from 'yaml';
import { TributaryError } from '../core/errors.ts';
import { structureFault } from './yaml-structure.ts';

export type Path = readonly (string | number)[];

/** A settings file: its plain value, and the line of every setting. */
export interface YamlFile {
  readonly value: unknown;
  /** Line (from 1) of a setting's name; when the setting is not in the file, the line of the nearest section above it. */
  lineOf(path: Path): number;
}

/** @throws TributaryError `config` with the line when the text is not valid YAML. */
export function readYaml(text: string, file: string): YamlFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const refuse = (at: number, what: string, remedy: string): never => {
    throw new TributaryError(`${file} line ${lines.linePos(at).line}: ${what}`, { kind: 'config', code: 'settings', remedy });
  };
  const [error] = document.errors;
  if (error?.code === 'DUPLICATE_KEY') {
    const { name, before } = namedTwice(document, error.pos[0]);
    const where = before === undefined ? '' : ` (before in line ${lines.linePos(before).line})`;
    refuse(error.pos[0], `${name} stands twice in one section${where}`, 'Keep one of the two.');
  }
  if (error) refuse(error.pos[0], error.message, 'Correct the YAML at that line; most often it is the indentation or a missing quote.');
  const [warning] = document.warnings;
  if (warning)
    refuse(warning.pos[0], warning.message, 'Remove the tag (the word with !); settings are texts, numbers, lists and sections only.');
  const fault = structureFault(document);
  if (fault !== undefined) refuse(fault.at, fault.what, fault.remedy);
  return {
    value: document.toJS({ maxAliasCount: -1 }) as unknown,
    lineOf(path) {
      let node: unknown = document.contents;
      let at = isNode(node) ? node.range[0] : 0;
      for (const part of path) {
        if (isMap(node)) {
          const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(part));
          if (!pair) break;
          if (isNode(pair.key)) at = pair.key.range[0];
          node = pair.value;
        } else if (isSeq(node) && typeof part === 'number') {
          const item = node.items[part];
          if (!isNode(item)) break;
          at = item.range[0];
          node = item;
        } else break;
      }
      return Math.max(1, lines.linePos(at).line);
    },
  };
}

/** The name of the setting at index `at` of the text, and the index of the same name before it. */
function namedTwice(document: Document, at: number): { readonly name: string; readonly before: number | undefined } {
  let name = 'a name';
  let before: number | undefined;
  visit(document, {
    Map(_, map) {
      const keys = map.items.flatMap(({ key }) => (isScalar(key) && isNode(key) ? [key] : []));
      const twice = keys.find(({ range }) => range[0] === at);
      if (twice === undefined) return undefined;
      name = String(twice.value);
      before = keys.find(({ value }) => value === twice.value)?.range[0];
      return visit.BREAK;
    },
  });
  return { name, before };
}

function isNode(value: unknown): value is Node & { range: [number, number, number] } {
  return typeof value === 'object' && value !== null && Array.isArray((value as { range?: unknown }).range);
}
