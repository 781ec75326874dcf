import { describe, expect, it } from 'vitest';
import { TributaryError } from '../../src/core/errors.ts';
import { fault, response } from '../../simulators/listrak/xml.ts';
import { account, connected, TABLES } from './harness.ts';

const small = { messages: 6, contacts: 60, events: 300, sends: 60 };

const fatal = [
  ['invalid-logon', 'listrak:InvalidLogonAttempt', /username and password in the settings/],
  ['login-attempts', 'listrak:LoginAttemptsExceeded', /password in the settings/],
  ['prohibited-ip', 'listrak:ProhibitedIPAddress', /IP Authorization/],
] as const;

describe('a refused login', () => {
  it.each(fatal)('%s stops the connection at the first call', async (name, code, remedy) => {
    const { table, simulator, heard } = await account(small);
    simulator.soapFaults.add({ name });
    const { error } = await table('lists').run();
    expect(error).toMatchObject({ kind: 'config', reach: 'connection', code, remedy: expect.stringMatching(remedy) });
    expect((await table('subscribed_contacts').run()).error).toMatchObject({ code });
    expect(simulator.calls).toHaveLength(1);
    expect(heard.troubles).toEqual([]);
  });

  it('is met once, however many tables begin at the same time', async () => {
    const { simulator } = await account(small);
    const { table } = connected(simulator, { password: 'wrong' });
    const errors = await Promise.all(TABLES.map(async (name) => (await table(name).run()).error));
    expect(errors.every((error) => error instanceof TributaryError && error.code === 'listrak:InvalidLogonAttempt')).toBe(true);
    expect(simulator.account.badLogins).toBe(1);
    expect(JSON.stringify(errors.map(String))).not.toContain('wrong');
  });

  it('in the middle of everything costs no more than the calls under way', async () => {
    const { table, simulator } = await account(small, { concurrency: 3 });
    await table('lists').run();
    simulator.mutate['password.change']({ password: 'another' });
    await Promise.all(TABLES.map((name) => table(name).run()));
    expect(simulator.account.badLogins).toBeLessThanOrEqual(3);
  });

  it('of a wrong password is not repeated later, one of a wrong address is', async () => {
    const { simulator } = await account(small);
    const wrong = connected(simulator, { password: 'wrong' });
    await wrong.table('lists').run();
    simulator.clock.advance(7 * 86_400_000);
    expect((await wrong.table('lists').run()).error).toMatchObject({ code: 'listrak:InvalidLogonAttempt' });
    expect(simulator.calls).toHaveLength(1);
    const right = connected(simulator);
    simulator.switches.prohibitedAddress = true;
    await right.table('lists').run();
    simulator.switches.prohibitedAddress = false;
    expect((await right.table('lists').run()).error).toMatchObject({ code: 'listrak:ProhibitedIPAddress' });
    simulator.clock.advance(16 * 60_000);
    expect((await right.table('lists').run()).error).toBeUndefined();
  });

  it.each([
    [
      'without brackets',
      { status: 500, contentType: 'text/xml', body: String(fault('Server was unable to process request. ---> InvalidLogonAttempt').body) },
    ],
    [
      'in the detail',
      {
        status: 500,
        contentType: 'text/xml',
        body: String(fault('No.').body).replace('<detail />', '<detail><code>[InvalidLogonAttempt]</code></detail>'),
      },
    ],
    [
      'on a web page',
      {
        status: 500,
        contentType: 'text/html',
        body: '<html><br><h2>Server Error</h2> [InvalidLogonAttempt] The name or the password is wrong.</html>',
      },
    ],
    [
      'in a fault that breaks off',
      { status: 500, contentType: 'text/xml', body: String(fault('---> [InvalidLogonAttempt] wrong').body).slice(0, -60) },
    ],
    [
      'as the exception of a good answer',
      {
        status: 200,
        contentType: 'text/xml',
        body: String(
          response(
            'ReportListMessageActivity',
            '<WSException><SoapMethod>x</SoapMethod><Description>[InvalidLogonAttempt] wrong</Description></WSException>',
          ).body,
        ),
      },
    ],
  ])('is seen %s, and nothing is asked after it', async (_how, answer) => {
    const { table, simulator, heard } = await account(small, { concurrency: 3 });
    await table('lists').run();
    simulator.faults.add({ kind: 'status', ...answer, requestBody: '<ReportListMessageActivity' });
    const before = simulator.requests.count();
    expect((await table('messages').run()).error).toMatchObject({
      kind: 'config',
      reach: 'connection',
      code: 'listrak:InvalidLogonAttempt',
    });
    expect(heard.troubles).toEqual([]);
    const asked = simulator.requests.count() - before;
    // The lists, and one call of each worker that was under way.
    expect(asked).toBeLessThanOrEqual(1 + 3);
    expect((await table('subscribed_contacts').run()).error).toMatchObject({ code: 'listrak:InvalidLogonAttempt' });
    expect(simulator.requests.count() - before).toBe(asked);
  });

  it('does not unlock anybody by itself', async () => {
    const { simulator } = await account(small);
    for (let n = 0; n < 5; n += 1)
      await connected(simulator, { password: `wrong${n}` })
        .table('lists')
        .run();
    expect((await connected(simulator).table('lists').run()).error).toMatchObject({ code: 'listrak:LoginAttemptsExceeded' });
    simulator.mutate['user.unlock']();
    expect((await connected(simulator).table('lists').run()).error).toBeUndefined();
  });
});
