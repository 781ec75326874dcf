import type { Json, JsonObject } from '../../core/types.ts';
import { takeTurns } from '../../core/turns.ts';
import { childrenNamed, parseXml } from './xml.ts';
import type { XmlElement } from './xml.ts';

/** An element as the service description declares it. */
interface Described {
  readonly name: string;
  /** Name of a type of the description or of XML Schema. */
  readonly type: string;
  readonly repeats: boolean;
  readonly nillable: boolean;
}

type Sequence = ReadonlyMap<string, Described>;

/** What answers must look like. */
export interface SoapSchema {
  readonly namespace: string;
  /** Members of each declared element, by the element's name. */
  readonly elements: ReadonlyMap<string, Sequence>;
  readonly types: ReadonlyMap<string, Sequence>;
}

/** The answer is not built as described. */
export class NotAsDescribed extends Error {}

/** Reads the description: one schema, whose elements and types are sequences. */
export function schemaOf(wsdl: string): SoapSchema {
  const { root, fault } = parseXml(wsdl);
  const [schema] = childrenNamed(childrenNamed(root, 'types')[0], 'schema');
  if (fault !== undefined || schema === undefined)
    throw new Error(`The description of the service cannot be read: ${fault ?? 'no schema'}`);
  const named = (found: readonly XmlElement[], within: (one: XmlElement) => XmlElement | undefined): ReadonlyMap<string, Sequence> =>
    new Map(found.map((one) => [one.attributes['name'] ?? '', sequenceOf(within(one))]));
  return {
    namespace: schema.attributes['targetNamespace'] ?? '',
    elements: named(childrenNamed(schema, 'element'), (one) => childrenNamed(one, 'complexType')[0]),
    types: named(childrenNamed(schema, 'complexType'), (one) => one),
  };
}

function sequenceOf(complexType: XmlElement | undefined): Sequence {
  const elements = childrenNamed(childrenNamed(complexType, 'sequence')[0], 'element');
  return new Map(
    elements.map(({ attributes: { name = '', type = '', maxOccurs, nillable } }) => [
      name,
      { name, type: type.slice(type.indexOf(':') + 1), repeats: maxOccurs === 'unbounded', nillable: nillable === 'true' },
    ]),
  );
}

/**
 * The content of a response element: texts as the service wrote them, booleans, nil as null, repeatable elements as arrays.
 * Null when it is empty. The response and its lists may hold only what is described. Rows may have unknown members, because the
 * service may have added some.
 * @throws NotAsDescribed for everything else.
 */
export async function decodeResponse(schema: SoapSchema, response: XmlElement): Promise<JsonObject | null> {
  const steps = decode(schema, response, schema.elements.get(response.name) ?? new Map(), 2);
  const turns = takeTurns();
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done === true) return step.value;
    if (turns.over()) await turns.next();
  }
}

/** `strict`: number of levels, this one included, that may hold nothing unknown. Yields after each row. */
function* decode(schema: SoapSchema, element: XmlElement, sequence: Sequence, strict: number): Generator<void, JsonObject | null, void> {
  if (element.text.trim() !== '') throw new NotAsDescribed(`${element.name} holds text`);
  if (strict > 0 && element.commented) throw new NotAsDescribed(`${element.name} holds a comment`);
  if (element.children.length === 0) return null;
  const found: Record<string, Json> = {};
  const set = (name: string, value: Json): void => {
    // Assigned, this one member would not be kept.
    if (name === '__proto__') Object.defineProperty(found, name, { value, writable: true, enumerable: true, configurable: true });
    else found[name] = value;
  };
  const lists = new Map<string, Json[]>();
  for (const child of element.children) {
    const described = child.namespace === schema.namespace ? sequence.get(child.name) : undefined;
    const known = Object.hasOwn(found, child.name);
    if (described === undefined) {
      if (strict > 0) throw new NotAsDescribed(`${element.name} holds ${child.name}`);
      if (!known) set(child.name, plain(child));
      else if (lists.has(child.name)) lists.get(child.name)?.push(plain(child));
      else {
        const list = [found[child.name] as Json, plain(child)];
        lists.set(child.name, list);
        set(child.name, list);
      }
      continue;
    }
    const inner = schema.types.get(described.type);
    // Of most elements, which hold a text: a generator for each would take longer than all the rest.
    const value: Json =
      inner === undefined || child.nil ? valueOf(child, described, inner) : yield* decode(schema, child, inner, strict - 1);
    if (strict > 0) yield;
    if (!described.repeats) {
      if (known) throw new NotAsDescribed(`${element.name} holds ${child.name} twice`);
      set(child.name, value);
    } else if (known) lists.get(child.name)?.push(value);
    else {
      const list = [value];
      lists.set(child.name, list);
      set(child.name, list);
    }
  }
  return found;
}

/** The value of a nil element, or of one that is no sequence. */
function valueOf(element: XmlElement, { type, nillable }: Described, sequence: Sequence | undefined): Json {
  if (element.nil) {
    if ((sequence !== undefined && !nillable) || element.children.length > 0 || element.text.trim() !== '')
      throw new NotAsDescribed(`${element.name} is nil`);
    return null;
  }
  if (element.children.length > 0) return plain(element);
  if (type !== 'boolean') return element.text;
  return element.text === 'true' || element.text === '1' ? true : element.text === 'false' || element.text === '0' ? false : element.text;
}

/** An element that the description does not know, converted as it is. */
function plain(element: XmlElement): Json {
  if (element.nil) return null;
  if (element.children.length === 0) return element.text;
  const members = new Map<string, Json[]>();
  for (const child of element.children) {
    const same = members.get(child.name);
    if (same === undefined) members.set(child.name, [plain(child)]);
    else same.push(plain(child));
  }
  const text: [string, Json][] = element.text.trim() === '' ? [] : [['$value', element.text]];
  return Object.fromEntries([
    ...[...members].map(([name, values]): [string, Json] => [name, values.length === 1 ? (values[0] as Json) : values]),
    ...text,
  ]);
}
