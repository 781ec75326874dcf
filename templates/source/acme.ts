import { fullScan, integer, paged, table, text, timestamp, z, type HttpClient, type Source } from 'tributary/source';

const settings = z.strictObject({
  api_key: z.string().min(1).meta({ description: 'API key of the account.', secret: true }),
  base_url: z.url().default('https://api.acme.example').meta({ description: 'Where the API answers.', shown: true }),
});
type Settings = z.output<typeof settings>;

interface Api {
  readonly http: HttpClient;
}

/** One definition: schema, topic, landing, documents, status and metrics follow from it. */
const item = table({
  name: 'item',
  docs: 'Acme API: List items',
  documentedKey: ['id'],
  key: ['id'],
  method: 'full_table',
  fields: {
    id: text('Item id'),
    name: text('Name of the item'),
    quantity: integer('Pieces in stock'),
    updated_at: timestamp('When it was changed last'),
  },
  // Answers look like { "items": [...], "total": 250, "next": "cursor of the next page, null on the last one" }.
  read: fullScan(
    paged<Api>({
      http: (api) => api.http,
      endpoint: 'items',
      path: () => '/items',
      rows: 'items',
      total: 'total',
      paging: { by: 'cursor', param: 'cursor', next: { at: 'next', ends: ['null'] } },
    }),
  ),
  deletes: 'scan',
});

export const acme: Source<Settings, Api> = {
  name: 'acme',
  title: 'Acme',
  settings,
  connect: ({ api_key, base_url }, env) => ({
    http: env.http({
      title: 'Acme',
      vendor: 'acme',
      baseUrl: base_url,
      headers: { authorization: `Bearer ${api_key}` },
      // As the vendor's page on rate limits says: here 600 requests a minute, two at once.
      budget: { buckets: { default: { windows: [{ limit: 600, per: 60_000 }] } }, concurrency: 2 },
      secrets: [api_key],
    }),
  }),
  async probe({ http }, signal) {
    const { body } = await http.get('/account', { endpoint: 'account', signal, maxTries: 3 });
    return { account: String((body as { name?: unknown } | null)?.name ?? 'unnamed') };
  },
  tables: () => [item],
};
