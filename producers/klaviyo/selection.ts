import { asObject, asText } from '../../src/sdk/readers/resume.ts';
import type { Json, JsonObject, Row } from '../../src/core/types.ts';
import type { KlaviyoSettings } from './settings.ts';

/** Up to this many selected metrics are read one by one; with more, all events are read and the others dropped. */
const MOST_METRICS_BY_THEMSELVES = 20;

export interface Selection {
  /** Changes with the selection, because the position of one selection does not apply to another. */
  readonly id: string;
  /** Metrics to read one by one; undefined reads all events. */
  readonly metricIds: readonly string[] | undefined;
  /** The reason why events of this metric are skipped; undefined when they are selected. */
  leavesOut(metric: JsonObject | undefined, metricId: string | null): LeftOut | undefined;
  /** Names in the settings that match nothing in the account, e.g. a metric the vendor has renamed. */
  readonly unmatched: readonly string[];
  /** Counts a skipped event. */
  count(why: LeftOut): void;
}

export type LeftOut = 'excluded_integration' | 'not_selected';

export const everything: Selection = { id: 'all', metricIds: undefined, leavesOut: () => undefined, unmatched: [], count: () => undefined };

/** Whether the settings exclude any event; only then the metrics must be read first. */
export function selects(settings: KlaviyoSettings): boolean {
  return settings.events.length > 0 || settings.excluded_integrations.length > 0;
}

/** The selection the settings define, given all metrics. Names and ids are compared without regard to case. */
export function selectionOf(settings: KlaviyoSettings, metrics: readonly Row[], count: Selection['count']): Selection {
  const wanted = new Set(settings.events.map(fold));
  const excluded = new Set(settings.excluded_integrations.map(fold));
  const matched = new Set<string>();
  const isIn = (names: ReadonlySet<string>, ...of: readonly (Json | undefined)[]): boolean => {
    const found = of.map((name) => fold(asText(name) ?? '')).filter((name) => names.has(name));
    for (const name of found) matched.add(name);
    return found.length > 0;
  };
  const judge = (metric: JsonObject | undefined, metricId: string | null): LeftOut | undefined => {
    const attributes = asObject(metric?.attributes);
    const integration = asObject(attributes?.integration);
    const sender = integration === undefined ? ['api'] : [integration.id, integration.key, integration.name];
    const selected = isIn(wanted, metricId, attributes?.name) || wanted.size === 0;
    if (isIn(excluded, ...sender)) return 'excluded_integration';
    return selected ? undefined : 'not_selected';
  };
  const verdicts = new Map(metrics.map((metric) => [asText(metric.id) ?? '', judge(metric, asText(metric.id) ?? null)]));
  const allowed = [...verdicts]
    .filter(([id, leftOut]) => id !== '' && leftOut === undefined)
    .map(([id]) => id)
    .sort();
  return {
    id: JSON.stringify([[...wanted].sort(), [...excluded].sort()]),
    metricIds: allowed.length <= MOST_METRICS_BY_THEMSELVES ? allowed : undefined,
    // A metric may be created while events are being read.
    leavesOut: (metric, metricId) => (verdicts.has(metricId ?? '') ? verdicts.get(metricId ?? '') : judge(metric, metricId)),
    unmatched: [...settings.events, ...settings.excluded_integrations].filter((name) => !matched.has(fold(name))),
    count,
  };
}

function fold(name: string): string {
  return name.trim().toLowerCase();
}
