import { expect, it } from 'vitest';
import { frame, unframe } from '../../src/record/framing.ts';

it("a message without the registry's header is no Avro of ours", () => {
  expect(unframe(frame(7, Buffer.from('body')))).toEqual({ schemaId: 7, payload: Buffer.from('body') });
  expect(unframe(frame(7, Buffer.alloc(0)))).toEqual({ schemaId: 7, payload: Buffer.alloc(0) });
  const fault = expect.objectContaining({ kind: 'data', code: 'not_avro' });
  for (const bytes of [[], [0, 0, 0, 7], [1, 0, 0, 0, 7, 5], [...Buffer.from('{"id":1}')]]) {
    let thrown: unknown;
    try {
      unframe(Buffer.from(bytes));
    } catch (error) {
      thrown = error;
    }
    expect(thrown, String(bytes)).toEqual(fault);
  }
});
