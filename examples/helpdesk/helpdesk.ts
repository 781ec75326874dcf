import { fullScan, incremental, instantOf, json, paged, table, text, timestamp, z, type HttpClient, type Source } from 'tributary/source';

// A sixth source: a help desk whose API lists JSON pages. `schemas list`, `landing render`, `discover` and the page have its tables at once.

const settings = z.strictObject({
  token: z.string().min(1).meta({ description: 'Access token of the help desk.', secret: true }),
  base_url: z.url().meta({ description: 'Address of the help desk.', shown: true }),
});
type Settings = z.output<typeof settings>;

interface Api {
  readonly http: HttpClient;
}
const http = (api: Api): HttpClient => api.http;

/** Agents are listed whole: one that is listed no longer is gone. */
const agent = table({
  name: 'agent',
  docs: 'Help desk API: List agents',
  documentedKey: ['id'],
  key: ['id'],
  method: 'full_table',
  fields: {
    id: text('Agent id'),
    email: text('E-mail address'),
    groups: json('Groups the agent belongs to'),
  },
  read: fullScan(
    paged<Api>({
      http,
      endpoint: 'agents',
      path: () => '/agents',
      rows: 'agents',
      total: 'count',
      paging: { by: 'page', param: 'page', first: 1 },
    }),
  ),
  deletes: 'scan',
});

/** Tickets are asked for by their last change, oldest first; a deleted one stays in the listing with `deleted: true`. */
const ticket = table({
  name: 'ticket',
  docs: 'Help desk API: List tickets by update',
  documentedKey: ['id'],
  key: ['id'],
  method: 'incremental',
  replicationKey: 'updated_at',
  fields: {
    id: text('Ticket id'),
    subject: text('What it is about'),
    status: text('open, pending or solved'),
    agent_id: text('Agent it is assigned to'),
    created_at: timestamp('When it was opened'),
    updated_at: timestamp('When it was changed last'),
  },
  ignore: ['deleted'],
  read: incremental<Api>({
    call: paged<Api, { readonly after: number | undefined; readonly before: number }>({
      http,
      endpoint: 'tickets',
      path: () => '/tickets',
      query: ({ after }) => (after === undefined ? {} : { updated_since: new Date(after).toISOString() }),
      rows: 'tickets',
      paging: { by: 'cursor', param: 'after', next: { at: 'next', ends: ['null'] } },
    }),
    by: (row) => instantOf(row.updated_at),
    overlap: 60_000,
    delay: 0,
  }),
  deletes: 'flag',
  deleted: (row) => row.deleted === true,
});

export const helpdesk: Source<Settings, Api> = {
  name: 'helpdesk',
  title: 'Help desk',
  settings,
  connect: ({ token, base_url }, env) => ({
    http: env.http({
      title: 'Help desk',
      vendor: 'helpdesk',
      baseUrl: base_url,
      headers: { authorization: `Bearer ${token}` },
      budget: { buckets: { default: { windows: [{ limit: 1_000, per: 60_000 }] } }, concurrency: 2 },
      secrets: [token],
    }),
  }),
  async probe(api, signal) {
    await api.http.get('/agents', { endpoint: 'agents', query: { page: '1' }, signal, maxTries: 3 });
    return { account: 'help desk' };
  },
  tables: () => [agent, ticket],
};
