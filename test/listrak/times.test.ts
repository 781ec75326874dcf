import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { timesIn } from '../../producers/listrak/times.ts';
import { account } from './harness.ts';

describe("the vendor's times", () => {
  const utc = timesIn('UTC');
  it.each([
    ['2015-08-31T16:02:41.65', Date.UTC(2015, 7, 31, 16, 2, 41, 650)],
    ['2015-08-31T16:02:41', Date.UTC(2015, 7, 31, 16, 2, 41)],
    ['2015-08-31T16:02:41.1234567', Date.UTC(2015, 7, 31, 16, 2, 41, 123)],
    ['8/31/2015 4:02:41 PM', Date.UTC(2015, 7, 31, 16, 2, 41)],
    ['1/2/2024 12:00:00 AM', Date.UTC(2024, 0, 2)],
    ['1/2/2024 12:30 PM', Date.UTC(2024, 0, 2, 12, 30)],
    ['1/2/2024', Date.UTC(2024, 0, 2)],
    ['2024-05-01', Date.UTC(2024, 4, 1)],
    ['2024-05-01T00:00:00+02:00', Date.UTC(2024, 3, 30, 22)],
    ['0001-01-01T00:00:00', null],
    ['1/1/0001 12:00:00 AM', null],
    ['13/13/2024 1:00:00 PM', null],
    ['1/2/2024 13:00:00 PM', null],
    ['some day', null],
    ['', null],
  ])('reads %s', (text, instant) => {
    expect(utc.read(text)).toBe(instant);
  });

  it('tells "never" from what is no time', () => {
    expect(['0001-01-01T00:00:00', '1/1/0001 12:00:00 AM', '2024-05-01', null].map((text) => utc.isUnreadable(text))).toEqual([
      false,
      false,
      false,
      false,
    ]);
    expect(['some day', '', '13/13/2024'].map((text) => utc.isUnreadable(text))).toEqual([true, true, true]);
  });

  it('that name a zone are taken at their word', () => {
    const chicago = timesIn('America/Chicago');
    for (const text of ['2024-01-15T08:00:00Z', '2024-01-15 08:00:00Z', '2024-01-15 08:00:00 UTC', '2024-01-15T10:00:00+02'])
      expect(chicago.read(text), text).toBe(Date.UTC(2024, 0, 15, 8));
  });

  it('in a zone of their own, summer and winter', () => {
    const chicago = timesIn('America/Chicago');
    for (const [text, instant] of [
      ['2024-01-15T08:00:00', Date.UTC(2024, 0, 15, 14)],
      ['2024-07-15T08:00:00', Date.UTC(2024, 6, 15, 13)],
      ['2024-03-10T03:00:00', Date.UTC(2024, 2, 10, 8)],
      ['2024-03-10T01:59:59', Date.UTC(2024, 2, 10, 7, 59, 59)],
    ] as const) {
      expect(chicago.read(text), text).toBe(instant);
      expect(chicago.write(instant), text).toBe(text);
    }
  });

  it("become the same instants whatever the vendor's zone and way to write them", async () => {
    const columns = async (timeZone: string, textDates: 'iso' | 'american'): Promise<unknown[]> => {
      const { table, truth, held } = await account({ messages: 6, events: 300, switches: { pageSize: 50, timeZone, textDates } });
      const rows = held('message_clicks', (await table('message_clicks').run()).rows);
      expect(rows).toEqual(truth('message_clicks'));
      // Sorted, because rows of messages that are read side by side come in the order of their answers.
      return [...rows.values()]
        .map(({ msg_id: id, email_address: address, click_date_ts: at }) => `${id} ${address} ${Math.floor(Number(at) / 1_000)}`)
        .sort();
    };
    const plain = await columns('UTC', 'iso');
    expect(plain.length).toBeGreaterThan(20);
    expect(await columns('America/Chicago', 'iso')).toEqual(plain);
    expect(await columns('Asia/Kolkata', 'american')).toEqual(plain);
  });

  it('are the same in whatever zone this machine is', async () => {
    const program = `
      import { listrak } from ${JSON.stringify(new URL('../../producers/listrak/index.ts', import.meta.url).href)};
      import { listrakSettings } from ${JSON.stringify(new URL('../../producers/listrak/settings.ts', import.meta.url).href)};
      import { compileCoerce } from ${JSON.stringify(new URL('../../src/record/coerce.ts', import.meta.url).href)};
      const times = { ContactID: '1', EmailAddress: 'a@b', MsgID: 1, ListID: 1, AdditionDate: '2015-08-31T16:02:41.65', RemovalDate: '2015-01-31T03:04:05', ClickDate: '1/31/2015 3:04:05 PM', SendDate: '2015-03-08T02:30:00', CreateDate: '2015-11-01T01:30:00' };
      const shown = listrak.tables(listrakSettings.parse({ username: 'u', password: 'p', time_zone: 'America/Chicago' })).map((t) => compileCoerce(t)(t.shape(times)).record);
      console.log(JSON.stringify(shown) + new Date(0).getTimezoneOffset());`;
    const run = async (TZ: string): Promise<string> =>
      (
        await promisify(execFile)(process.execPath, ['--import', 'tsx', '--input-type=module-typescript', '-e', program], {
          env: { TZ },
        }).catch(async () =>
          promisify(execFile)(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], { env: { TZ } }),
        )
      ).stdout.trim();
    const [here, there] = [await run('UTC'), await run('America/New_York')];
    expect(there).not.toBe(here);
    expect(there.replace(/300$/, '0')).toBe(here);
  });
});
