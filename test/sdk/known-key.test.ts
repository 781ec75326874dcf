import { describe, expect, it } from 'vitest';
import { withKeyProof } from '../../src/sdk/http/known-key.ts';
import { client } from './harness.ts';
import { answerJson, serve } from './server.ts';

const signal = new AbortController().signal;
const at = (endpoint: string) => ({ endpoint, signal });

async function vendor(statuses: Record<string, number>, body: unknown = {}) {
  const agents = new Set<string | undefined>();
  const server = await serve((request, response) => {
    agents.add(request.headers['user-agent']);
    answerJson(response, body, statuses[request.url ?? ''] ?? 200);
  });
  const { http, heard } = client(server.url);
  return { http: withKeyProof(http, { vendor: 'vendor', path: '/me' }), asked: server.asked, heard, agents };
}

describe('a key that one endpoint refuses with 401', () => {
  it.each([200, 403])('is good where the call that must work is answered %i: it concerns its table alone', async (me) => {
    const { http } = await vendor({ '/rows': 401, '/me': me });
    await expect(http.get('/rows', at('rows'))).rejects.toMatchObject({ kind: 'config', reach: 'table', code: 'vendor:403' });
  });

  it('is wrong where that call is refused as well, and is asked about once', async () => {
    const { http, asked } = await vendor({ '/rows': 401, '/me': 401 });
    for (let n = 0; n < 3; n += 1)
      await expect(http.get('/rows', at('rows'))).rejects.toMatchObject({ kind: 'config', reach: 'connection', code: 'vendor:401' });
    expect(asked.filter((path) => path === '/me')).toHaveLength(1);
  });

  it('is asked about again once something was answered', async () => {
    const statuses: Record<string, number> = { '/rows': 401, '/me': 401 };
    const { http } = await vendor(statuses);
    await expect(http.get('/rows', at('rows'))).rejects.toMatchObject({ reach: 'connection' });
    statuses['/me'] = 200;
    await http.get('/other', at('other'));
    await expect(http.get('/rows', at('rows'))).rejects.toMatchObject({ reach: 'table' });
  });
});

it.each([
  { error: { errors: [{ reason: 'rateLimitExceeded', message: 'Rate Limit Exceeded' }], code: 403 } },
  { message: 'Too many requests' },
  { errors: [{ code: 'quotaExceeded' }] },
])('a refusal whose own reason is the rate is waited for, whatever its status: %j', async (reason) => {
  let asked = 0;
  const server = await serve((_request, response) => {
    asked += 1;
    answerJson(response, asked === 1 ? reason : { ok: true }, asked === 1 ? 403 : 200, { 'retry-after': '1' });
  });
  const { http, heard } = client(server.url);
  expect((await http.get('/rows', at('rows'))).body).toEqual({ ok: true });
  expect(heard.throttled.length).toBeGreaterThan(0);
});

it('every request says which program it comes from', async () => {
  const { http, agents } = await vendor({});
  await http.get('/rows', at('rows'));
  expect([...agents]).toEqual([expect.stringMatching(/^tributary\/[0-9]+\.[0-9]+\.[0-9]+/)]);
});
