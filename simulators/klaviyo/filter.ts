import { invalid, type Refusal } from './errors.ts';

export type Operand =
  | { type: 'text'; text: string }
  | { type: 'list'; items: string[] }
  | { type: 'time'; ms: number }
  | { type: 'number'; value: number }
  | { type: 'boolean'; value: boolean }
  | { type: 'none' };

export interface Condition {
  operator: string;
  field: string;
  operand: Operand;
}

/** What an endpoint allows for a field. */
export interface FieldRule {
  operators: readonly string[];
  type: 'text' | 'time' | 'number' | 'relation';
}

const ORDER = ['greater-than', 'greater-or-equal', 'less-than', 'less-or-equal'];
const TIME = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:?\d\d)?)?$/;

function refuse(detail: string): Refusal {
  return invalid(detail, { parameter: 'filter' });
}

/** Parses a whole `filter` parameter, already percent-decoded, and checks it against the endpoint's rules. */
export function parseFilter(text: string, rules: Readonly<Record<string, FieldRule>>): Condition[] {
  const conditions: Condition[] = [];
  let at = 0;
  for (;;) {
    const head = /^([a-z-]+)\(([A-Za-z0-9_.$-]+)/.exec(text.slice(at));
    if (!head) throw refuse(`Invalid filter provided: an operator with a field is expected at character ${at}.`);
    at += head[0].length;
    let operand: Operand = { type: 'none' };
    if (text[at] === ',') {
      const read = readOperand(text, at + 1);
      operand = read.operand;
      at = read.end;
    }
    if (text[at] !== ')') throw refuse(`Invalid filter provided: ")" is expected at character ${at}.`);
    at++;
    conditions.push(checked({ operator: head[1] as string, field: head[2] as string, operand }, rules));
    if (at === text.length) break;
    if (text[at] !== ',') throw refuse(`Invalid filter provided: "," is expected at character ${at}.`);
    at++;
  }
  refuseRepeats(conditions);
  return conditions;
}

function readOperand(text: string, from: number): { operand: Operand; end: number } {
  let at = from;
  const quoted = (): string => {
    const mark = text[at];
    let value = '';
    for (at++; text[at] !== mark; at++) {
      if (at >= text.length) throw refuse('Invalid filter provided: a string does not end.');
      if (text[at] === '\\') at++;
      value += text[at] ?? '';
    }
    at++;
    return value;
  };
  const first = text[at];
  if (first === '"' || first === "'") return { operand: { type: 'text', text: quoted() }, end: at };
  if (first === '[') {
    const items: string[] = [];
    at++;
    while (text[at] !== ']') {
      while (text[at] === ' ') at++;
      if (text[at] !== '"' && text[at] !== "'") throw refuse(`Invalid filter provided: a quoted list item is expected at character ${at}.`);
      items.push(quoted());
      if (text[at] === ',') at++;
      else if (text[at] !== ']') throw refuse(`Invalid filter provided: "]" is expected at character ${at}.`);
    }
    return { operand: { type: 'list', items }, end: at + 1 };
  }
  const close = text.indexOf(')', at);
  const word = text.slice(at, close < 0 ? text.length : close);
  const end = at + word.length;
  if (word === 'true' || word === 'false') return { operand: { type: 'boolean', value: word === 'true' }, end };
  if (/^-?\d+(\.\d+)?$/.test(word)) return { operand: { type: 'number', value: Number(word) }, end };
  const ms = parseTime(word);
  if (ms === undefined) throw refuse(`Invalid filter provided: "${word.slice(0, 60)}" is no value.`);
  return { operand: { type: 'time', ms }, end };
}

/** ISO 8601 with `T` or a space, a fraction, `Z` or an offset. A plus sign that was decoded as a space is refused. */
export function parseTime(text: string): number | undefined {
  const found = TIME.exec(text);
  if (!found) return undefined;
  const [, year, month, day, hour = '00', minute = '00', second = '00', part = '', zone = 'Z'] = found;
  const offset = zone === 'Z' ? 'Z' : `${zone.slice(0, 3)}:${zone.slice(-2)}`;
  const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${part.padEnd(3, '0').slice(0, 3)}${offset}`);
  return Number.isNaN(ms) ? undefined : ms;
}

function checked(condition: Condition, rules: Readonly<Record<string, FieldRule>>): Condition {
  const { operator, field, operand } = condition;
  const rule = Object.hasOwn(rules, field) ? rules[field] : undefined;
  if (!rule) throw refuse(`Invalid filter provided: '${field}' is not a filterable field.`);
  if (!rule.operators.includes(operator))
    throw refuse(
      `Invalid filter provided: operator '${operator}' is not allowed for field '${field}'. Allowed: ${rule.operators.join(', ')}.`,
    );
  const expected = rule.type === 'relation' ? 'none' : operator === 'any' ? 'list' : rule.type;
  const fits = operand.type === expected || (field === 'metric_id' && operand.type === 'list');
  if (!fits) throw refuse(`Invalid filter provided: '${field}' needs a value of type ${expected}.`);
  return condition;
}

/** A field may have one lower and one upper bound. */
function refuseRepeats(conditions: readonly Condition[]): void {
  const seen = new Set<string>();
  for (const { operator, field } of conditions) {
    const side = `${ORDER.includes(operator) ? operator.slice(0, 4) : operator} ${field}`;
    if (seen.has(side)) throw refuse(`Invalid filter provided: '${field}' is bounded twice on the same side.`);
    seen.add(side);
  }
}

/** Whether a number meets a condition. */
export function holds(operator: string, value: number, bound: number): boolean {
  switch (operator) {
    case 'greater-than':
      return value > bound;
    case 'greater-or-equal':
      return value >= bound;
    case 'less-than':
      return value < bound;
    case 'less-or-equal':
      return value <= bound;
    default:
      return value === bound;
  }
}
