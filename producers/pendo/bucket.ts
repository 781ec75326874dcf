import { asText } from '../../src/sdk/readers/resume.ts';
import { keysetGroups } from '../../src/sdk/readers/keyset-groups.ts';
import type { GroupsPart } from '../../src/sdk/readers/keyset-groups.ts';
import type { Row } from '../../src/core/types.ts';
import { filter, limit, quoted, skip, sort, source } from './aggregation.ts';
import type { TimeSeries } from './aggregation.ts';
import { aggregate, isTooHeavy, PENDO } from './api.ts';
import type { PendoApi } from './api.ts';

export interface BucketAsk {
  readonly source: string;
  readonly series: TimeSeries;
  /** Continue after this visitor. */
  readonly after: string | undefined;
  /** Converts the rows of one visitor. */
  readonly perVisitor: (rows: readonly Row[]) => readonly Row[];
}

/** Reads one bucket (a day or an hour), visitor by visitor. All its rows have the same time, so time cannot page it. */
export function readBucket(
  api: PendoApi,
  { source: name, series, after, perVisitor }: BucketAsk,
  signal: AbortSignal,
): AsyncGenerator<GroupsPart, void, void> {
  return keysetGroups({
    ...PENDO,
    name,
    group: 'visitor',
    within: 'in one period',
    smaller: 'Set period to hour in a connection of its own, so that fewer rows belong together',
    groupOf: (row) => asText(row.visitorId) ?? '',
    perGroup: perVisitor,
    after,
    limit: api.settings.record_limit,
    isTooHeavy,
    stream(next, reducible) {
      const pipeline = () => {
        const ask = next();
        return [
          source(name, { appId: api.appId }, series),
          sort('visitorId'),
          // Without a condition the answer includes rows without a visitor.
          ...(ask.after === undefined ? [] : [filter(`visitorId > ${quoted(ask.after)}`)]),
          ...(ask.skip === 0 ? [] : [skip(ask.skip)]),
          limit(ask.limit),
        ];
      };
      return aggregate(api, name, pipeline, signal, reducible);
    },
  });
}
