import sax from 'sax';
import { takeTurns } from '../../core/turns.ts';

/** One element of a document. */
export interface XmlElement {
  /** Without its prefix. */
  readonly name: string;
  readonly namespace: string;
  /** By their names as written, prefix included. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Whether `xsi:nil` marks it as empty. */
  readonly nil: boolean;
  readonly children: readonly XmlElement[];
  /** Its own text and CDATA, as written. */
  text: string;
  /** Whether it contains a comment. */
  commented: boolean;
}

export interface XmlDocument {
  /** Undefined when there is no element at all. */
  readonly root?: XmlElement;
  /** Why the document is malformed or not accepted; `root` holds what was read before the fault. */
  readonly fault?: string;
}

const XSI = 'http://www.w3.org/2001/XMLSchema-instance';
/** Deepest nesting that is read. */
const DEEPEST = 64;
const MOST_ATTRIBUTES = 200;
/** Characters given to the parser at once. */
const PIECE = 16_384;
const LONGEST_REFERENCE = 64;

/** Parses a document in one pass. Document types are refused, so only the five predefined entities exist. */
export function parseXml(text: string): XmlDocument {
  const parser = xmlParser();
  for (let at = 0; at < text.length && !parser.broken(); at += PIECE) parser.write(text.slice(at, at + PIECE));
  return parser.end();
}

/**
 * The same, and the event loop is free every few milliseconds. `mend` is given each piece of the text before it is parsed;
 * no piece ends within a character reference of ordinary length.
 */
export async function parseXmlInTurns(text: string, mend: (piece: string) => string): Promise<XmlDocument> {
  const parser = xmlParser();
  const turns = takeTurns();
  for (let at = 0; at < text.length && !parser.broken();) {
    let end = at + PIECE;
    // Only the last few characters are searched: without a reference in it, the whole text would be searched for each piece.
    const from = Math.max(at + 1, end - LONGEST_REFERENCE);
    const reference = text.slice(from, end).lastIndexOf('&');
    if (end < text.length && reference >= 0) end = from + reference;
    parser.write(mend(text.slice(at, end)));
    at = end;
    if (turns.over()) await turns.next();
  }
  return parser.end();
}

/** An element that is being read. */
interface OpenElement extends XmlElement {
  children: XmlElement[];
}

/** Of most elements, for which no list is made. */
const NO_CHILDREN: XmlElement[] = [];

function xmlParser(): { write(piece: string): void; broken(): boolean; end(): XmlDocument } {
  const parser = sax.parser(true, { xmlns: true, strictEntities: true } as sax.SAXOptions);
  const open: OpenElement[] = [];
  let root: XmlElement | undefined;
  const refuse = (why: string): never => {
    throw new SyntaxError(why);
  };
  parser.onerror = (error) => {
    throw error;
  };
  parser.ondoctype = () => refuse('a document type is not read');
  parser.onopentag = (tag) => {
    const { local, uri, attributes } = tag as sax.QualifiedTag;
    if (open.length >= DEEPEST) refuse(`nested more than ${DEEPEST} levels`);
    const named = namedOf(attributes);
    const element: OpenElement = {
      name: local,
      namespace: uri,
      attributes: named,
      nil: named !== NO_ATTRIBUTES && isNil(attributes),
      children: NO_CHILDREN,
      text: '',
      commented: false,
    };
    const within = open.at(-1);
    if (within?.children === NO_CHILDREN) within.children = [element];
    else within?.children.push(element);
    root ??= element;
    open.push(element);
  };
  parser.onclosetag = () => void open.pop();
  const addText = (more: string): void => {
    const within = open.at(-1);
    if (within !== undefined) within.text += more;
  };
  parser.ontext = addText;
  parser.oncdata = addText;
  parser.oncomment = () => {
    const within = open.at(-1);
    if (within !== undefined) within.commented = true;
  };
  let fault: string | undefined;
  const attempt = (step: () => void): void => {
    try {
      step();
    } catch (error) {
      fault ??= error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    }
  };
  return {
    write(piece) {
      attempt(() => {
        parser.write(piece);
        // The parser looks through all attributes of an element for each of them.
        if ((parser as unknown as { attribList: readonly unknown[] }).attribList.length > MOST_ATTRIBUTES)
          refuse(`an element with more than ${MOST_ATTRIBUTES} attributes`);
      });
    },
    broken: () => fault !== undefined,
    end() {
      if (fault === undefined) attempt(() => parser.close());
      if (fault !== undefined) return { ...(root === undefined ? {} : { root }), fault };
      return root === undefined ? { fault: 'no element' } : { root };
    },
  };
}

type Attributes = Readonly<Record<string, sax.QualifiedAttribute>>;

/** Of most elements, for which nothing is made. */
const NO_ATTRIBUTES: Readonly<Record<string, string>> = Object.freeze({});

function namedOf(attributes: Attributes): Readonly<Record<string, string>> {
  for (const _ in attributes) return Object.fromEntries(Object.values(attributes).map(({ name, value }) => [name, value]));
  return NO_ATTRIBUTES;
}

const isNil = (attributes: Attributes): boolean =>
  Object.values(attributes).some(({ uri, local, value }) => uri === XSI && local === 'nil' && (value === 'true' || value === '1'));

/** The children of that name, in any namespace. */
export const childrenNamed = (element: XmlElement | undefined, name: string): readonly XmlElement[] =>
  element?.children.filter((child) => child.name === name) ?? [];
