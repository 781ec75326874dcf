export type Value = number | string | boolean | null;
/** The value of a name in the expression; null when it has none. */
export type Names = (path: string) => Value;
export type Functions = Readonly<Record<string, (...args: Value[]) => Value>>;
/** A compiled expression. */
export type Expression = (names: Names) => Value;

export class BadExpression extends Error {}

const TOKENS =
  /\s*(?:(\d+(?:\.\d+)?)|("(?:[^"\\]|\\.)*"|`[^`]*`)|([A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*)|(&&|\|\||[=!<>]=|[-+*/%<>!(),]))/y;
const LEVELS = [['||'], ['&&'], ['==', '!='], ['<', '<=', '>', '>='], ['+', '-'], ['*', '/', '%']];

const TESTS: Functions = {
  isNull: (value) => (value ?? null) === null,
  isNil: (value) => (value ?? null) === null,
  contains: (text, part) => typeof text === 'string' && typeof part === 'string' && text.includes(part),
  startsWith: (text, part) => typeof text === 'string' && typeof part === 'string' && text.startsWith(part),
  if: (test, yes, no) => (test === true ? (yes ?? null) : (no ?? null)),
};

/**
 * Compiles the vendor's C-like expressions. A comparison with a missing value, or of a text with a number, is false. Throws
 * {@link BadExpression}.
 */
export function compile(text: string, functions: Functions = {}): Expression {
  const tokens = tokenise(text);
  const known = { ...TESTS, ...functions };
  let at = 0;
  const isNext = (mark: string): boolean => tokens[at]?.mark === mark;
  const expect = (mark: string): void => {
    if (!isNext(mark)) throw new BadExpression(`"${mark}" is missing`);
    at += 1;
  };

  function binary(level: number): Expression {
    const operators = LEVELS[level];
    if (!operators) return unary();
    let left = binary(level + 1);
    for (let operator = tokens[at]?.mark; operator !== undefined && operators.includes(operator); operator = tokens[at]?.mark) {
      at += 1;
      left = apply(operator, left, binary(level + 1));
    }
    return left;
  }

  function unary(): Expression {
    if (isNext('!')) {
      at += 1;
      const inner = unary();
      return (names) => inner(names) !== true;
    }
    if (isNext('-')) {
      at += 1;
      const inner = unary();
      return (names) => -Number(inner(names));
    }
    if (isNext('(')) {
      at += 1;
      const inner = binary(0);
      expect(')');
      return inner;
    }
    const token = tokens[at];
    if (!token || token.mark !== undefined) throw new BadExpression('a value is missing');
    at += 1;
    if (token.name === undefined) return () => token.value ?? null;
    const { name } = token;
    if (!isNext('('))
      return name === 'true' ? () => true : name === 'false' ? () => false : name === 'null' ? () => null : (names) => names(name);
    const called = Object.hasOwn(known, name) ? known[name] : undefined;
    if (!called) throw new BadExpression(`there is no function ${name}`);
    at += 1;
    const args: Expression[] = [];
    while (!isNext(')')) {
      args.push(binary(0));
      if (!isNext(')')) expect(',');
    }
    at += 1;
    return (names) => called(...args.map((argument) => argument(names)));
  }

  const whole = binary(0);
  if (at !== tokens.length) throw new BadExpression('something follows its end');
  return whole;
}

interface Token {
  readonly mark?: string;
  readonly name?: string;
  readonly value?: Value;
}

function tokenise(text: string): Token[] {
  const tokens: Token[] = [];
  TOKENS.lastIndex = 0;
  const end = text.trimEnd().length;
  while (TOKENS.lastIndex < end) {
    const found = TOKENS.exec(text);
    if (!found) throw new BadExpression('an unknown character');
    const [, number, string, name, mark] = found;
    if (number !== undefined) tokens.push({ value: Number(number) });
    else if (string !== undefined)
      tokens.push({ value: string.startsWith('`') ? string.slice(1, -1) : string.slice(1, -1).replace(/\\(.)/gs, '$1') });
    else if (name !== undefined) tokens.push({ name });
    else tokens.push({ mark: mark as string });
  }
  return tokens;
}

function apply(operator: string, left: Expression, right: Expression): Expression {
  switch (operator) {
    case '||':
      return (names) => left(names) === true || right(names) === true;
    case '&&':
      return (names) => left(names) === true && right(names) === true;
    case '==':
      return (names) => left(names) === right(names);
    case '!=':
      return (names) => left(names) !== right(names);
    case '+':
      return (names) => Number(left(names)) + Number(right(names));
    case '-':
      return (names) => Number(left(names)) - Number(right(names));
    case '*':
      return (names) => Number(left(names)) * Number(right(names));
    case '/':
      return (names) => Number(left(names)) / Number(right(names));
    case '%':
      return (names) => Number(left(names)) % Number(right(names));
    default:
      return (names) => compare(operator, left(names), right(names));
  }
}

function compare(operator: string, left: Value, right: Value): boolean {
  if (typeof left !== typeof right || (typeof left !== 'number' && typeof left !== 'string')) return false;
  const other = right as typeof left;
  switch (operator) {
    case '<':
      return left < other;
    case '<=':
      return left <= other;
    case '>':
      return left > other;
    default:
      return left >= other;
  }
}
