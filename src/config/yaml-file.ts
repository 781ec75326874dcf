import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Node } from 'yaml';
import { TributaryError } from '../core/errors.ts';

export type Path = readonly (string | number)[];

/** A settings file: its plain value, and the line every setting stands on. */
export interface YamlFile {
  readonly value: unknown;
  /** Line (from 1) of a setting's name, or of the nearest part above it that is written down. */
  lineOf(path: Path): number;
}

/** @throws TributaryError `config` naming the line when the text is no YAML. */
export function readYaml(text: string, file: string): YamlFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [error] = document.errors;
  if (error) {
    throw new TributaryError(`${file} line ${lines.linePos(error.pos[0]).line}: ${error.message}`, {
      kind: 'config',
      remedy: 'Correct the YAML at that line; most often it is the indentation or a missing quote.',
    });
  }
  return {
    value: document.toJS({ maxAliasCount: 100 }) as unknown,
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

function isNode(value: unknown): value is Node & { range: [number, number, number] } {
  return typeof value === 'object' && value !== null && Array.isArray((value as { range?: unknown }).range);
}
