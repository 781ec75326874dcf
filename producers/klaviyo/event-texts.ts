import { randomUUID } from 'node:crypto';
import { checkedRows, needsId } from '../../src/core/checked-rows.ts';
import { canonicalJson } from '../../src/core/json/canonical.ts';
import { DEEPEST_JSON, isDeeper } from '../../src/core/json/depth.ts';
import { asRow, type KnownRows, withPrint } from '../../src/core/known-row.ts';
import type { JsonObject, Row } from '../../src/core/types.ts';
import { asObject } from '../../src/sdk/readers/resume.ts';
import type { RowsOfTexts } from '../../src/sdk/http/listing-text.ts';
import { includedIn } from './api.ts';
import { relatedId, resourceKey } from './resource.ts';

/** Where an event's id and its metric's id usually are. Anything else is found by parsing the event. */
const ID = /^\{"type":"event","id":"([^"\\]+)"/;
const METRIC = '"metric":{"data":{"type":"metric","id":"';

/**
 * Passes over events that the topic holds as they are. Beside its text, an event is shaped by its metric, whose name is one
 * of its columns; which metric that is, is part of its print, so that a wrong guess finds nothing.
 * @param kept the event with what belongs to it, as the reader returns it.
 */
export function eventTexts(known: KnownRows, kept: (event: Row, included: readonly JsonObject[]) => Row): RowsOfTexts {
  return (frame) => {
    const included = includedIn(frame, '/api/events');
    const metrics = new Map(included.map((resource) => [resourceKey(resource), resource]));
    const shapes = new Map<string, Buffer>();
    const shapedBy = (metricId: string): Buffer => {
      let shape = shapes.get(metricId);
      if (shape === undefined) {
        const beside = [metricId, metrics.get(`metric ${metricId}`) ?? null];
        // No text can be made of what is nested too deep: its events are parsed whenever they are read.
        shape = known.shapedBy(isDeeper(beside, DEEPEST_JSON) ? randomUUID() : canonicalJson(beside));
        shapes.set(metricId, shape);
      }
      return shape;
    };
    return ({ text, mayBeKnown, parsed }) => {
      const id = mayBeKnown && known.looks() ? ID.exec(text)?.[1] : undefined;
      if (id !== undefined) {
        const print = known.print(text, shapedBy(metricIn(text)));
        const found = known.find({ id }, print, () => kept(checkedRows([parsed()], needsId('id'))[0] as Row, included));
        if (found !== undefined) return asRow(found);
      }
      const event = parsed();
      const row = asObject(event);
      return row === undefined ? event : withPrint(row, known.print(text, shapedBy(relatedId(row, 'metric') ?? '')));
    };
  };
}

function metricIn(text: string): string {
  // From the end, where relationships usually are: searching all of the text would take as long as hashing it.
  const at = text.lastIndexOf(METRIC) + METRIC.length;
  return at < METRIC.length ? '' : text.slice(at, text.indexOf('"', at));
}
