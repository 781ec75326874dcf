import type { Answer } from '../kit/http-server.ts';
import { collection, positionOf, type Call, type Context } from './context.ts';
import { document, notFound } from './errors.ts';
import { byNumber, nextRows } from './listing.ts';
import { METRIC_ATTRIBUTES, metricResource, type Metric } from './metric-catalogue.ts';
import { readQuery } from './query.ts';

const PAGE = 200;
const NULL_METRIC = '{"type":"metric","id":null,"attributes":{"name":"Nameless"},"relationships":{},"links":{}}';

export function listMetrics(context: Context, call: Call): Answer {
  const { world, quirks } = context;
  const query = readQuery(call.query, {
    filter: {
      'integration.name': { operators: ['equals'], type: 'text' },
      'integration.category': { operators: ['equals'], type: 'text' },
    },
    includes: call.dialect.metricIncludes,
    pages: true,
    fields: { metric: METRIC_ATTRIBUTES, flow: ['name'] },
  });
  const { from, served } = positionOf(context, call, query, 'metrics');
  const accepts = (index: number): boolean => {
    const metric = world.metrics[index] as Metric;
    if (metric.gone || quirks.empty.includes('metrics')) return false;
    return query.conditions.every(
      ({ field, operand }) =>
        operand.type === 'text' && operand.text === (field === 'integration.name' ? metric.integrationName : metric.integrationCategory),
    );
  };
  const page = nextRows({
    ordering: byNumber(world.metrics.length, (index) => index),
    descending: false,
    size: PAGE,
    from: from && { ...from, served },
    accepts,
  });
  const wanted = [...(query.fields.get('metric')?.keys() ?? METRIC_ATTRIBUTES)];
  return document(
    collection(context, call, query, {
      table: 'metrics',
      ...page,
      from,
      served,
      keyOf: (index) => index,
      render: (index) => metricResource(world.ids, index, world.metrics[index] as Metric, wanted),
      nullRow: NULL_METRIC,
    }),
  );
}

export function readMetric(context: Context, call: Call): Answer {
  const { world } = context;
  const query = readQuery(call.query, { includes: call.dialect.metricIncludes, fields: { metric: METRIC_ATTRIBUTES } });
  const index = world.ids.metric.row(call.params['id'] ?? '');
  const metric = index === undefined ? undefined : world.metrics[index];
  if (index === undefined || !metric || metric.gone) throw notFound('A metric with that id does not exist.');
  return document(`{"data":${metricResource(world.ids, index, metric, [...(query.fields.get('metric')?.keys() ?? METRIC_ATTRIBUTES)])}}`);
}
