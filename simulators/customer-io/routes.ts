import type { SimClock } from '../kit/clock.ts';
import type { Answer, Handler, Routes } from '../kit/http-server.ts';
import { RETENTION } from './activities.ts';
import { answer, badRequest, notFound, refusal } from './answers.ts';
import { findDeliveries } from './deliveries.ts';
import type { Guard, Visit } from './guard.ts';
import type { CustomerIoTable, Switches } from './options.ts';
import { BadFilter, compileFilter, identifiersOf, profileOf, type Person } from './people.ts';
import { limitOf, TOKENS } from './tokens.ts';
import { categoryOf, domainOf, SUPPRESSION_TYPES, type ListTable, type SuppressionType, type VendorRow, type World } from './world.ts';

/** Tables whose empty list is null. */
const NULL_WHEN_EMPTY: readonly CustomerIoTable[] = ['exports', 'collections', 'reporting_webhooks'];

export function customerIoRoutes(guard: Guard, clock: SimClock, switches: Switches): Routes {
  const second = (): number => Math.floor(clock.now() / 1000);
  const next = (token: string): string => switches.sameNext ?? token;
  const whole = (table: ListTable, key: string = table): Handler =>
    guard({ table }, ({ world }) => {
      const rows = world.lists[table];
      return answer({ [key]: rows.length === 0 && NULL_WHEN_EMPTY.includes(table) ? null : rows });
    });
  const one = (found: VendorRow | undefined, key: string): Answer => (found === undefined ? notFound() : answer({ [key]: found }));
  const byId = (rows: readonly VendorRow[], id: string | undefined): VendorRow | undefined => rows.find((row) => String(row['id']) === id);

  return Object.fromEntries(
    Object.entries({
      'GET /broadcasts': whole('broadcasts'),
      'GET /transactional': whole('transactional_messages', 'messages'),
      'GET /campaigns': whole('campaigns'),
      'GET /segments': whole('segments'),
      'GET /segments/:id/membership': guard({}, ({ world, request }) => {
        const members = [...world.people.values()].filter(({ segments }) => segments.includes(Number(request.params['id'])));
        return members.length === 0
          ? answer({ identifiers: null, ids: null, next: '' })
          : answer({ identifiers: members.map(identifiersOf), ids: members.map(({ id }) => id ?? ''), next: '' });
      }),
      'GET /exports': whole('exports'),
      'GET /exports/:id': guard({}, ({ world, request }) => one(byId(world.lists.exports, request.params['id']), 'export')),
      'GET /exports/:id/download': guard({}, ({ world, request }) =>
        byId(world.lists.exports, request.params['id']) === undefined
          ? notFound()
          : answer({ url: `https://storage.example.test/${request.params['id']}?signature=x` }),
      ),
      'GET /reporting_webhooks': whole('reporting_webhooks'),
      'GET /snippets': whole('snippets'),
      'GET /collections': whole('collections'),
      'GET /subscription_topics': whole('topics', 'topics'),
      'GET /workspaces': whole('workspaces'),
      'GET /object_types': whole('types', 'types'),
      'GET /info/ip_addresses': guard({ open: () => switches.openAddresses, table: 'ip_addresses' }, ({ world }) =>
        answer({ ip_addresses: world.ipAddresses }),
      ),
      'GET /messages': guard({ table: 'messages' }, (visit) => messages(visit, second(), next)),
      'GET /messages/:id': guard({}, ({ world, request }) =>
        one(
          byId(
            world.deliveries.map(({ row }) => row),
            request.params['id'],
          ),
          'message',
        ),
      ),
      'GET /newsletters': guard({ table: 'newsletters' }, ({ world, request: { query } }) => {
        const at = position(query, TOKENS.newsletters);
        if (at === undefined) return badRequest();
        const limit = limitOf(query, 50, 100);
        const rows = query.get('sort') === 'desc' ? world.lists.newsletters.toReversed() : world.lists.newsletters;
        const page = rows.slice(at, at + limit);
        return answer({ newsletters: page, next: next(page.length === limit ? TOKENS.newsletters.write(at + limit) : '') });
      }),
      'GET /sender_identities': guard({ table: 'sender_identities' }, ({ world, request: { query } }) => {
        const after = position(query, TOKENS.senders);
        if (after === undefined) return badRequest();
        const hidden = query.get('hidden') === 'true';
        const page = world.lists.sender_identities
          .filter(
            (row) => (hidden ? switches.hiddenIncludesAll || row['hidden'] === true : row['hidden'] !== true) && Number(row['id']) > after,
          )
          .sort((a, b) => Number(a['id']) - Number(b['id']))
          .slice(0, limitOf(query, 50, 100));
        const last = page.at(-1);
        return answer({ sender_identities: page, next: next(last === undefined ? '' : TOKENS.senders.write(Number(last['id']))) });
      }),
      'GET /activities': guard({ table: 'activities' }, ({ world, request: { query } }) => {
        const at = position(query, TOKENS.activities);
        if (at === undefined) return badRequest();
        const limit = limitOf(query, 10, 100);
        const oldest = second() - RETENTION;
        const rows = world.activities.filter(
          ({ row, ofDeleted }) =>
            Number(row['timestamp']) >= oldest &&
            (query.get('deleted') === 'true' || !ofDeleted) &&
            (query.get('type') === null || row['type'] === query.get('type')),
        );
        const page = rows.slice(at, at + limit).map(({ row }) => row);
        return answer({ activities: page, next: next(at + limit < rows.length ? TOKENS.activities.write(at + limit) : '') });
      }),
      'POST /customers': guard({ table: 'customers' }, (visit) => search(visit, next)),
      'POST /customers/attributes': guard({ table: 'customers' }, (visit) => profiles(visit, switches)),
      'GET /esp/suppression/:type': guard({ table: 'eps_suppression' }, ({ world, request: { query, params } }) => {
        const type = params['type'] as SuppressionType;
        if (!SUPPRESSION_TYPES.includes(type)) return refusal(400, 'type is invalid', { referenced: false });
        const domain = query.get('domain');
        const rows = world.suppressions[type]
          .filter((row) => domain === null || domainOf(world, String(row['email'])) === domain)
          .sort((a, b) => (String(a['email']) < String(b['email']) ? -1 : 1));
        const offset = Math.max(0, Number(query.get('offset') ?? 0) || 0);
        const page = rows.slice(offset, offset + Math.min(switches.mostSuppressions, limitOf(query, 100, 1_000)));
        return answer(page.length === 0 ? { suppressions: null } : { category: categoryOf(type), suppressions: page });
      }),
    } satisfies Routes).map(([route, handler]) => [route.replace(' /', ' /v1/'), handler]),
  );
}

/** Where a listing continues; undefined when the token is malformed. */
function position(query: URLSearchParams, form: { read(token: string): number | undefined }): number | undefined {
  const token = query.get('start');
  return token === null || token === '' ? 0 : form.read(token);
}

function messages({ world, request: { query } }: Visit, now: number, next: (token: string) => string): Answer {
  const at = position(query, TOKENS.messages);
  if (at === undefined) return badRequest();
  const bound = (name: string): number | undefined => {
    const value = Number(query.get(name) ?? Number.NaN);
    return Number.isFinite(value) ? value : undefined;
  };
  const found = findDeliveries(
    query.get('drafts') === 'true' ? world.drafts : world.deliveries,
    {
      start: bound('start_ts'),
      end: bound('end_ts'),
      type: query.get('type'),
      metric: query.get('metric'),
      parents: { campaign_id: query.get('campaign_id'), newsletter_id: query.get('newsletter_id'), action_id: query.get('action_id') },
    },
    now,
  );
  const limit = limitOf(query, 50, 1_000);
  // A position after the end leads back to the first page.
  const from = at >= found.length ? 0 : at;
  const withAnswers = query.get('get_tracked_responses') === 'true';
  return answer({
    messages: found.slice(from, from + limit).map(({ row, tracked }) => (withAnswers ? { ...row, tracked_responses: tracked } : row)),
    next: next(from + limit < found.length ? TOKENS.messages.write(from + limit) : ''),
  });
}

function search({ world, request: { query, body } }: Visit, next: (token: string) => string): Answer {
  const at = position(query, TOKENS.people);
  if (at === undefined) return badRequest();
  let matches: (one: Person) => boolean;
  try {
    matches = compileFilter((JSON.parse(body) as { filter?: unknown }).filter);
  } catch (error) {
    return refusal(422, 'unprocessable entity', { pointer: error instanceof BadFilter ? error.pointer : '' });
  }
  const found = orderedMap(world).filter(matches);
  const limit = limitOf(query, 50, 1_000);
  const page = found.slice(at, at + limit);
  if (page.length === 0) return answer({ identifiers: null, ids: null, next: next('') });
  return answer({
    identifiers: page.map(identifiersOf),
    ids: page.map(({ id }) => id ?? ''),
    next: next(at + limit < found.length ? TOKENS.people.write(at + limit) : ''),
  });
}

const orders = new WeakMap<World, { of: number; people: Person[] }>();

/** All people by cio_id; the order is cached until people are added or deleted. */
function orderedMap(world: World): Person[] {
  const known = orders.get(world);
  if (known?.of === world.people.size && known.people.every(({ cioId }) => world.people.has(cioId))) return known.people;
  const people = [...world.people.values()].sort((a, b) => (a.cioId < b.cioId ? -1 : 1));
  orders.set(world, { of: people.length, people });
  return people;
}

function profiles({ world, request: { query, body } }: Visit, switches: Switches): Answer {
  let ids: unknown;
  try {
    ids = (JSON.parse(body) as { ids?: unknown }).ids;
  } catch {
    return badRequest();
  }
  const kind = query.get('id_type') ?? 'id';
  if (!Array.isArray(ids) || ids.length === 0 || ids.length > 100 || !['id', 'email', 'phone', 'cio_id'].includes(kind))
    return badRequest();
  const wanted = new Set(ids as string[]);
  const find = (asked: string): Person | undefined =>
    kind === 'cio_id' ? world.people.get(asked) : [...world.people.values()].find((one) => one.attributes[kind] === asked);
  const found = switches.blindProfiles
    ? []
    : [...wanted].flatMap((asked) => {
        const one = find(String(asked));
        return one === undefined ? [] : [profileOf(one, String(asked))];
      });
  return answer({ customers: switches.wrapCustomer ? found.map((customer) => ({ customer })) : found });
}
