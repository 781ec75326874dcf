import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

const table = ['connection', 'source', 'table'] as const;
const connection = ['connection', 'source'] as const;

export type Instruments = ReturnType<typeof createInstruments>;

/** Buckets in seconds; few, because each is a time series per connection. */
const callBuckets = [0.05, 0.25, 1, 5, 30];

/** Counters and histograms. Gauges that follow from the status are in metrics.ts. */
export function createInstruments(registry: Registry) {
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Counter<L>({ name: `tributary_${name}`, help, labelNames: [...labelNames], registers });
  const histogram = <L extends string>(name: string, help: string, labelNames: readonly L[], buckets: number[]) =>
    new Histogram<L>({ name: `tributary_${name}`, help, labelNames: [...labelNames], buckets, registers });
  return {
    rowsRead: counter('rows_read_total', 'Rows the vendor sent.', table),
    published: counter('records_published_total', 'Records committed to the topic.', [...table, 'op']),
    unchanged: counter('records_unchanged_total', 'Rows read again that had not changed and were not published.', table),
    deadLetters: counter('dead_letters_total', 'Rows that could not be published.', table),
    rowsOdd: counter('rows_odd_total', 'Rows with something odd about them: misfit values, unknown fields, duplicates.', [
      ...table,
      'what',
    ]),
    batchDuration: histogram('batch_duration_seconds', 'Time to commit one batch.', connection, callBuckets),
    requests: counter('api_requests_total', 'Requests to the vendor.', [...connection, 'endpoint', 'code']),
    requestDuration: histogram('api_request_duration_seconds', 'Time the vendor took to answer.', connection, callBuckets),
    responseBytes: counter('api_response_bytes_total', 'Bytes the vendor sent.', connection),
    throttled: counter('api_throttled_total', 'Answers that asked us to wait.', connection),
    budgetWait: counter('budget_wait_seconds_total', "Time spent waiting for the vendor's quota.", table),
    runs: counter('sync_runs_total', 'Runs that ended.', [...table, 'outcome']),
    runDuration: histogram('sync_duration_seconds', 'How long runs took.', connection, [5, 60, 900, 14_400]),
    errors: counter('errors_total', 'Failures, by where and by who has to act.', [...table, 'stage', 'kind']),
    transactions: counter('transactions_total', 'Kafka transactions.', [...connection, 'outcome']),
    transactionDuration: histogram('transaction_duration_seconds', 'How long transactions took.', connection, callBuckets),
    rebuildDuration: histogram(
      'state_rebuild_duration_seconds',
      'Time to rebuild a live index from its topic.',
      connection,
      [1, 15, 60, 300, 3600],
    ),
    assigned: new Gauge({
      name: 'tributary_connection_assigned',
      help: '1 while this process reads the connection.',
      labelNames: [...connection],
      registers,
    }),
  };
}
