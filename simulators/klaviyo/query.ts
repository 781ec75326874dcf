import { invalid } from './errors.ts';
import type { Fields } from './fields.ts';
import { parseFilter, type Condition, type FieldRule } from './filter.ts';

/** What one endpoint accepts in its query. */
export interface QueryRules {
  filter?: Readonly<Record<string, FieldRule>>;
  sorts?: readonly string[];
  includes?: readonly string[];
  /** Undefined: the endpoint has no `page[size]`. */
  pageSize?: { standard: number; most: number } | undefined;
  /** Undefined: the endpoint is not paged. */
  pages?: boolean;
  /** Attribute names per resource type; a name may be dotted. */
  fields?: Readonly<Record<string, readonly string[]>>;
  additional?: readonly string[];
}

export interface Query {
  conditions: Condition[];
  sort: { field: string; descending: boolean } | undefined;
  includes: string[];
  size: number | undefined;
  cursor: string | undefined;
  fields: Map<string, Fields>;
  additional: string[];
  /** All parameters but the cursor in a fixed order; a cursor is valid only for the same ones. */
  signature: string;
}

/** Checks a query against the endpoint's rules; undeclared parameters are refused by name. */
export function readQuery(query: URLSearchParams, rules: QueryRules): Query {
  const result: Query = {
    conditions: [],
    sort: undefined,
    includes: [],
    size: rules.pageSize?.standard,
    cursor: undefined,
    fields: new Map(),
    additional: [],
    signature: '',
  };
  const seen = new Set<string>();
  const bound: string[] = [];
  for (const [name, value] of query) {
    if (seen.has(name)) throw invalid(`The parameter ${name} was given twice.`, { parameter: name });
    seen.add(name);
    if (name !== 'page[cursor]') bound.push(`${name}=${value}`);
    const sparse = /^fields\[([a-z-]+)\]$/.exec(name);
    if (name === 'filter' && rules.filter) result.conditions = parseFilter(value, rules.filter);
    else if (name === 'sort' && rules.sorts) result.sort = readSort(value, rules.sorts);
    else if (name === 'include' && rules.includes) result.includes = readNames(value, rules.includes, name);
    else if (name === 'page[cursor]' && rules.pages) result.cursor = value;
    else if (name === 'page[size]' && rules.pageSize) result.size = readSize(value, rules.pageSize.most);
    else if (name === 'additional-fields[profile]' && rules.additional) result.additional = readNames(value, rules.additional, name);
    else if (sparse && rules.fields?.[sparse[1] as string]) {
      result.fields.set(sparse[1] as string, readFields(value, rules.fields[sparse[1] as string] as readonly string[], name));
    } else throw invalid(`'${name}' is not a valid parameter of this endpoint.`, { parameter: name });
  }
  result.signature = bound.sort().join('&');
  return result;
}

function readSort(value: string, allowed: readonly string[]): { field: string; descending: boolean } {
  const descending = value.startsWith('-');
  const field = descending ? value.slice(1) : value;
  if (!allowed.includes(field))
    throw invalid(`'${value}' is not a valid sort. Allowed: ${allowed.join(', ')}, each with '-'.`, { parameter: 'sort' });
  return { field, descending };
}

function readNames(value: string, allowed: readonly string[], parameter: string): string[] {
  const names = value.split(',').filter((name) => name !== '');
  for (const name of names)
    if (!allowed.includes(name))
      throw invalid(`'${name}' is not allowed in ${parameter}. Allowed: ${allowed.join(', ') || 'nothing'}.`, { parameter });
  return names;
}

function readSize(value: string, most: number): number {
  const size = Number(value);
  if (!/^\d+$/.test(value) || size < 1 || size > most)
    throw invalid(`Page size must be an integer between 1 and ${most}.`, { parameter: 'page[size]' });
  return size;
}

function readFields(value: string, allowed: readonly string[], parameter: string): Fields {
  const fields: Fields = new Map();
  for (const name of readNames(value, allowed, parameter)) {
    const dot = name.indexOf('.');
    const root = dot < 0 ? name : name.slice(0, dot);
    const parts = fields.get(root);
    if (dot < 0) fields.set(root, null);
    else if (parts !== null) fields.set(root, (parts ?? new Set()).add(name.slice(dot + 1)));
  }
  return fields;
}
