import { randomUUID } from 'node:crypto';
import { checkedRows, needsId } from '../../src/core/checked-rows.ts';
import { canonicalJson } from '../../src/core/json/canonical.ts';
import { DEEPEST_JSON, isDeeper } from '../../src/core/json/depth.ts';
import { asRow, type KnownRows, UnparsedRow, withPrint } from '../../src/core/known-row.ts';
import type { Json, JsonObject, Row } from '../../src/core/types.ts';
import type { LaterElement, ListElement, RowsOfElements } from '../../src/sdk/http/listing-elements.ts';
import { textOf } from '../../src/sdk/http/decode-text.ts';
import { asObject } from '../../src/sdk/readers/resume.ts';
import { includedIn } from './api.ts';
import { byKey, relatedId } from './resource.ts';

/** Where an event's id and its metric's id usually are. Anything else is found by parsing the event. */
const ID = Buffer.from('{"type":"event","id":"');
const METRIC = Buffer.from('"metric":{"data":{"type":"metric","id":"');

/**
 * Passes over events that the topic holds as they are, and leaves the others to be parsed when they are published. Beside
 * its bytes, an event is shaped by its metric, whose name is one of its columns; which metric that is, is part of its print,
 * so that a wrong guess finds nothing.
 * @param kept the event with what belongs to it, by {@link byKey}, as the reader returns it.
 */
export function unparsedEvents(known: KnownRows, kept: (event: Row, included: ReadonlyMap<string, JsonObject>) => Row): RowsOfElements {
  return (frame) => {
    const included = byKey(includedIn(frame, '/api/events'));
    const shapes = new Map<string, Buffer>();
    const shapedBy = (metricId: string): Buffer => {
      let shape = shapes.get(metricId);
      if (shape === undefined) {
        const beside = [metricId, included.get(`metric ${metricId}`) ?? null];
        // No text can be made of what is nested too deep: its events are parsed whenever they are read.
        shape = known.shapedBy(isDeeper(beside, DEEPEST_JSON) ? randomUUID() : canonicalJson(beside));
        shapes.set(metricId, shape);
      }
      return shape;
    };
    const checked = (event: Json): Row => checkedRows([event], needsId('id'))[0] as Row;
    const whole = (element: ListElement): Row => kept(checked(element.parsed()), included);
    const wholeLater = (element: LaterElement): Row => kept(printed(checked(element.parsed()), element.bytes), included);
    const printed = (event: Row, bytes: Buffer): Row => withPrint(event, known.print(bytes, shapedBy(relatedId(event, 'metric') ?? '')));
    return (element) => {
      const { bytes, mayWait } = element;
      if (!mayWait) {
        const event = element.parsed();
        const row = asObject(event);
        return row === undefined ? event : printed(row, bytes);
      }
      const id = known.looks() ? textBehind(bytes, ID, beginsWith(bytes, ID) ? 0 : -1) : undefined;
      if (id !== undefined) {
        // From the end, where relationships usually are: searching all of an event would take as long as hashing it.
        const metricId = textBehind(bytes, METRIC, bytes.lastIndexOf(METRIC)) ?? '';
        const found = known.find({ id }, known.print(bytes, shapedBy(metricId)), element, whole);
        if (found !== undefined) return asRow(found);
      }
      return asRow(new UnparsedRow(element.leftForLater(), wholeLater));
    };
  };
}

const beginsWith = (bytes: Buffer, beginning: Buffer): boolean => bytes.subarray(0, beginning.length).equals(beginning);

/** The text from behind the mark, which stands at `at`, to the next quote; undefined without a mark, or with an escape in it. */
function textBehind(bytes: Buffer, mark: Buffer, at: number): string | undefined {
  if (at < 0) return undefined;
  const start = at + mark.length;
  const text = textOf(bytes.subarray(start, bytes.indexOf('"', start)));
  return text === '' || text.includes('\\') ? undefined : text;
}
