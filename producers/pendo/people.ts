import { following } from '../../src/extract/following.ts';
import type { FollowingAsk } from '../../src/extract/following.ts';
import { list } from '../../src/extract/list.ts';
import { asNumber, asObject, asText, contextWith, saved } from '../../src/extract/resume.ts';
import type { Json, JsonObject, Position, Reader, Row } from '../../src/extract/types.ts';
import type { Call } from '../../src/extract/walk.ts';
import { behind, filter, limit, quoted, sort, source } from './aggregation.ts';
import type { Stage } from './aggregation.ts';
import { aggregated } from './api.ts';
import type { PendoApi } from './api.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const UPDATED = 'metadata.auto.lastupdated';

export interface People {
  /** Row source: `accounts` or `visitors`. */
  readonly source: string;
  readonly id: string;
  readonly parameters: (api: PendoApi) => Readonly<Record<string, Json>>;
}

/**
 * Changes by their time in every run. Once a day, and first of all, everything by its id: that finds rows without
 * a time of change, and what is gone. Changes are then read from when that listing began.
 */
export function readPeople(people: People): Reader<PendoApi> {
  const everything = list(byId(people));
  const changes = following<PendoApi>({ call: changed(people), by: updatedAt, overlap: HOUR, delay: 0, grain: 1 });

  return async function* read(ctx) {
    const position = saved(ctx, 1);
    let listing = asObject(position?.listing);
    let change = asObject(position?.change);
    let listed = asNumber(position?.listed);
    const cut = asNumber(position?.began);
    const at = (began?: number): Position => ({
      v: 1, ...(listing === undefined ? {} : { listing }), ...(change === undefined ? {} : { change }), ...(listed === undefined ? {} : { listed }), ...(began === undefined ? {} : { began }),
    });

    if (cut !== undefined || listed === undefined || listed + DAY <= ctx.runStart || ctx.rescan === true) {
      const began = cut ?? ctx.runStart;
      change ??= { v: 1, at: began };
      for await (const page of everything(contextWith(ctx, { position: listing as Position | undefined }))) {
        listing = page.position;
        const ended = page.scan?.end !== undefined;
        if (ended) listed = began;
        yield { ...page, position: at(ended ? undefined : began) };
      }
    }
    for await (const page of changes(contextWith(ctx, { position: change as Position | undefined }))) {
      change = page.position;
      yield { ...page, position: at() };
    }
  };
}

/** Everything in the order of its id. Only an answer without rows is the end: a short one may have been cut. */
export function byId(people: People): Call<PendoApi> {
  return async (api, { cursor }, signal) => {
    const after = asText(cursor);
    const rows = await read(api, people, [sort(people.id), ...(after === undefined ? [] : [filter(`${people.id} > ${quoted(after)}`)])], signal);
    return { rows, next: asText(rows.at(-1)?.[people.id]) };
  };
}

function changed(people: People): Call<PendoApi, FollowingAsk> {
  return async (api, { after, before, cursor }, signal) => {
    const last = asObject(cursor);
    const from = last === undefined ? `${UPDATED} >= ${after ?? 1}` : behind(UPDATED, Number(last.time), people.id, String(last.id));
    const rows = await read(api, people, [sort(UPDATED, people.id), filter(from, `${UPDATED} <= ${before}`)], signal);
    const end = rows.at(-1);
    return { rows, next: end === undefined || rows.length < api.settings.record_limit ? undefined : { time: updatedAt(end), id: String(end[people.id]) } };
  };
}

const read = (api: PendoApi, { source: name, parameters }: People, stages: readonly Stage[], signal: AbortSignal): Promise<readonly Row[]> =>
  aggregated(api, name, [source(name, parameters(api)), ...stages, limit(api.settings.record_limit)], signal);

function updatedAt(row: Row): number | null {
  return asNumber((asObject(asObject(row.metadata)?.auto) as JsonObject | undefined)?.lastupdated) ?? null;
}
