import type { SettingChoices } from '../../src/sdk/source.ts';
import { limit, source } from './aggregation.ts';
import { aggregated, type PendoApi } from './api.ts';

/** Objects an app is known by: what somebody has tagged, drawn or defined in it. */
const objects = ['pages', 'features', 'trackTypes'] as const;
/** Objects of each kind that are looked at; more only take longer. */
const mostObjects = 2_000;

/**
 * The apps of the subscription, by id. The API has no list of them and tells no names, so they are those that pages, features and
 * track events name: an app of which nobody has defined anything is not among them.
 */
export async function choices(api: PendoApi, signal: AbortSignal): Promise<readonly SettingChoices[]> {
  const named = new Map<string, Set<string>>();
  for (const kind of objects) {
    const pipeline = [source(kind, { appId: 'expandAppIds("*")' }), limit(mostObjects), { select: { appId: 'appId', appIds: 'appIds' } }];
    const found = await aggregated(api, kind, pipeline, signal, (row) => [row.appId, ...(Array.isArray(row.appIds) ? row.appIds : [])]);
    for (const id of found.flat()) {
      if (typeof id !== 'number' || !Number.isSafeInteger(id)) continue;
      named.set(String(id), (named.get(String(id)) ?? new Set()).add(words[kind]));
    }
  }
  const listed = [...named].map(([value, kinds]) => ({ value, label: `${value} (has ${[...kinds].join(', ')})` }));
  return listed.length === 0 ? [] : [{ setting: 'app_ids', choices: listed.sort((a, b) => Number(a.value) - Number(b.value)) }];
}

const words: Readonly<Record<(typeof objects)[number], string>> = { pages: 'pages', features: 'features', trackTypes: 'track events' };
