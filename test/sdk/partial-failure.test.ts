import { describe, expect, it } from 'vitest';
import { TributaryError } from '../../src/core/errors.ts';
import { partFailure, throwUnreadable } from '../../src/sdk/readers/partial-failure.ts';
import type { JudgePart } from '../../src/sdk/readers/partial-failure.ts';
import { slices } from '../../src/sdk/readers/slices.ts';

const error = (code: string): TributaryError => new TributaryError(code, { kind: 'data', code });
const judge: JudgePart = ({ code }) => (code === 'v:404' ? 'refused' : code === 'v:broken' ? 'unreadable' : undefined);

describe('the error of one part', () => {
  it('is kept while the other parts are read, and any other error stops the run', () => {
    const [refused, broken, other, bug] = [error('v:404'), error('v:broken'), error('v:401'), new TypeError('No.')];
    expect(partFailure(refused, judge)).toEqual({ error: refused, fault: 'refused' });
    expect(partFailure(broken, judge)).toEqual({ error: broken, fault: 'unreadable' });
    expect(() => partFailure(other, judge)).toThrow(other);
    expect(() => partFailure(bug, () => 'refused')).toThrow(bug);
  });

  it('fails the run at its end only when an answer could not be read', () => {
    const [refused, broken, later] = [error('v:404'), error('v:broken'), error('v:broken')].map((one) => partFailure(one, judge));
    expect(() => throwUnreadable([])).not.toThrow();
    expect(() => throwUnreadable([refused as never])).not.toThrow();
    expect(() => throwUnreadable([refused, broken, later] as never)).toThrow(broken?.error);
  });
});

it('slices hold all rows in their order, and there is always a last one', () => {
  const rows = Array.from({ length: 7 }, (_, id) => ({ id }));
  for (const count of [0, 1, 3, 4, 6, 7]) {
    const found = [...slices(rows.slice(0, count), 3)];
    expect(found.flatMap((slice) => slice.rows)).toEqual(rows.slice(0, count));
    expect(found).toHaveLength(Math.max(1, Math.ceil(count / 3)));
    expect(found.map(({ last }) => last)).toEqual(found.map((_, at) => at === found.length - 1));
    expect(found.every((slice) => slice.rows.length <= 3)).toBe(true);
  }
});
