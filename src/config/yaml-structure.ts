import { isAlias, isMap, isScalar, isSeq, type Document, type Node } from 'yaml';

export interface StructureFault {
  /** Where in the text. */
  readonly at: number;
  readonly what: string;
  readonly remedy: string;
}

/** Far above any settings; an alias of aliases of aliases passes it with a few lines. */
const mostNodes = 20_000;
const deepest = 100;

/** What is well-formed YAML and still no settings: anchors that grow or hold themselves, merge keys, keys that are no names. */
export function structureFault(document: Document): StructureFault | undefined {
  const sizes = new Map<Node, number>();
  const open = new Set<Node>();

  /** Nodes below this one once every alias is written out. Throws the fault. */
  function size(node: unknown, depth: number): number {
    if (isAlias(node)) {
      const source = node.resolve(document);
      if (source === undefined)
        throw fault(node, `*${node.source} has no anchor before it`, `Write &${node.source} where it is meant to come from.`);
      if (open.has(source)) throw fault(node, `*${node.source} stands in the very section it repeats`, 'Write the values out instead.');
      return size(source, depth);
    }
    if (!isMap(node) && !isSeq(node)) return 1;
    const known = sizes.get(node);
    if (known !== undefined) return known;
    if (depth > deepest)
      throw fault(
        node,
        `more than ${deepest} sections stand in one another`,
        'Settings are a few levels deep; look for a bracket too many.',
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
        throw fault(node, 'its aliases (*) repeat so much that it grows beyond any settings', 'Write the values out, or repeat less.');
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
  if (key.value === '__proto__') throw fault(key, '__proto__ is no name of a setting', 'Remove it.');
}

class Fault extends Error {
  constructor(readonly found: StructureFault) {
    super(found.what);
  }
}

function fault(node: Node, what: string, remedy: string): Fault {
  return new Fault({ at: node.range?.[0] ?? 0, what, remedy });
}
