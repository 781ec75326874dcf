import { isAlias, isMap, isScalar, isSeq, type Document, type Node } from 'yaml';

export interface StructureFault {
  /** Index in the text. */
  readonly at: number;
  readonly what: string;
  readonly remedy: string;
}

/** Far more than any settings need; a few lines of nested aliases exceed it. */
const mostNodes = 20_000;
const deepest = 100;

/** Finds valid YAML that cannot be settings: aliases that grow without limit or contain themselves, merge keys, keys that are not plain names. */
export function structureFault(document: Document): StructureFault | undefined {
  const sizes = new Map<Node, number>();
  const open = new Set<Node>();

  /** Number of nodes below this one with every alias expanded. Throws the fault. */
  function size(node: unknown, depth: number): number {
    if (isAlias(node)) {
      const source = node.resolve(document);
      if (source === undefined)
        throw fault(node, `*${node.source} has no anchor before it`, `Write &${node.source} where it is meant to come from.`);
      if (open.has(source)) throw fault(node, `*${node.source} is inside the section that it repeats`, 'Write the values out instead.');
      return size(source, depth);
    }
    if (!isMap(node) && !isSeq(node)) return 1;
    const known = sizes.get(node);
    if (known !== undefined) return known;
    if (depth > deepest)
      throw fault(
        node,
        `sections are nested more than ${deepest} levels deep`,
        'Settings are a few levels deep; look for a surplus bracket.',
      );
    open.add(node);
    let sum = 1;
    for (const item of node.items) {
      if (isMap(node)) {
        const pair = item as { key: unknown; value: unknown };
        checkKey(pair.key, node);
        sum += size(pair.value, depth + 1);
      } else sum += size(item, depth + 1);
      if (sum > mostNodes)
        throw fault(
          node,
          'its aliases (*) repeat so often that the settings become too large',
          'Write the values out, or use fewer aliases.',
        );
    }
    open.delete(node);
    sizes.set(node, sum);
    return sum;
  }

  try {
    size(document.contents, 0);
    return undefined;
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown.found;
    throw thrown;
  }
}

function checkKey(key: unknown, map: Node): void {
  if (!isScalar(key)) throw fault((key as Node | null) ?? map, "a setting's name must be plain text", 'Write it as name: value.');
  if (key.value === '<<')
    throw fault(key, 'merge keys (<<) are not supported', 'Repeat the settings, or give a whole section by an alias: name: *anchor.');
  if (key.value === '__proto__') throw fault(key, '__proto__ cannot be the name of a setting', 'Remove it.');
}

class Fault extends Error {
  constructor(readonly found: StructureFault) {
    super(found.what);
  }
}

function fault(node: Node, what: string, remedy: string): Fault {
  return new Fault({ at: node.range?.[0] ?? 0, what, remedy });
}
