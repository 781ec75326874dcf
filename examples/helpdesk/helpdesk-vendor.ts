import { json, startVendor, type Answer, type Handler, type Vendor } from 'tributary/source/test';

export const TOKEN = 'helpdesk-test-token';
const pageSize = 50;

export interface Ticket {
  readonly id: string;
  readonly subject: string;
  readonly status: string;
  readonly agent_id: string;
  readonly created_at: string;
  readonly updated_at: string;
  readonly deleted: boolean;
}

/** A help desk with 120 agents and 130 tickets; its truth is what it lists. */
export interface HelpdeskVendor extends Vendor {
  readonly agents: Map<string, { readonly id: string; readonly email: string; readonly groups: readonly string[] }>;
  readonly tickets: Map<string, Ticket>;
  /** Writes a ticket as it is changed now. */
  touch(id: string, changed: Partial<Ticket>): void;
}

export async function startHelpdesk(): Promise<HelpdeskVendor> {
  const agents: HelpdeskVendor['agents'] = new Map();
  for (let n = 1; n <= 120; n += 1)
    agents.set(`a${n}`, { id: `a${n}`, email: `agent-${n}@example.com`, groups: n % 2 ? ['first line'] : [] });
  const tickets: HelpdeskVendor['tickets'] = new Map();
  // Long ago, so that a change of today is the newest; each its own moment.
  let now = Date.UTC(2026, 0, 1);
  const touch: HelpdeskVendor['touch'] = (id, changed) => {
    now += 1_000;
    const at = new Date(now).toISOString();
    const before = tickets.get(id) ?? { id, subject: '', status: 'open', agent_id: 'a1', created_at: at, deleted: false };
    tickets.set(id, { ...before, ...changed, updated_at: at });
  };
  for (let n = 1; n <= 130; n += 1) touch(`t${n}`, { subject: `Question ${n}`, agent_id: `a${1 + (n % 120)}` });

  const guarded =
    (answer: (query: URLSearchParams) => Answer): Handler =>
    ({ headers, query }) =>
      headers.authorization === `Bearer ${TOKEN}` ? answer(query) : json(401, { error: 'unknown token' });
  const vendor = await startVendor({
    'GET /agents': guarded((query) => {
      const from = (Number(query.get('page') ?? 1) - 1) * pageSize;
      return json(200, { agents: [...agents.values()].slice(from, from + pageSize), count: agents.size });
    }),
    'GET /tickets': guarded((query) => {
      const since = query.get('updated_since') ?? '';
      const after = query.get('after') ?? '';
      const rest = [...tickets.values()]
        .sort((a, b) => (a.updated_at < b.updated_at ? -1 : 1))
        .filter((ticket) => ticket.updated_at >= since && ticket.updated_at > after);
      const page = rest.slice(0, pageSize);
      return json(200, { tickets: page, next: rest.length > pageSize ? page.at(-1)?.updated_at : null });
    }),
  });
  return { ...vendor, agents, tickets, touch };
}
