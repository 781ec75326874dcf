import { describe, expect, it } from 'vitest';
import { failuresOf, tablesOf } from './faulty.ts';
import type { Subject } from './subject.ts';
import { once, type World } from './world.ts';

export function describeSecrets(subject: Subject, world: () => World): void {
  const refused = once(async () => {
    const { settings } = subject.wrongKey(world().vendor);
    const other = await world().another({ settings });
    return { other, runs: await other.syncNow() };
  });

  describe.each(tablesOf(subject))('%s, with a wrong key', (table) => {
    it('fails at once, names the setting and writes nothing', async () => {
      const { other, runs } = await refused();
      const { setting } = subject.wrongKey(world().vendor);
      expect(failuresOf(runs, [table])).toHaveLength(1);
      const error = runs.get(table)?.error;
      expect(error).toMatchObject({ kind: 'config' });
      expect(`${error?.message} ${error?.remedy}`).toContain(setting);
      expect((await other.topic(table)).messages).toBe(0);
    });
  });

  it('masks every secret of the data in the topics', async () => {
    const masked = subject.masked?.(world().vendor) ?? [];
    if (masked.length === 0) return;
    await world().synced();
    for (const table of tablesOf(subject)) {
      const text = JSON.stringify([...(await world().topic(table)).rows.values()], (_, value: unknown) =>
        typeof value === 'bigint' ? String(value) : value,
      );
      expect(masked.filter((secret) => text.includes(secret)).length, `secrets in ${table}`).toBe(0);
    }
  });

  it('shows no secret in any log line, error, event, metric or status', async () => {
    const { other } = await refused();
    const secrets = [
      ...subject.secrets(world().vendor),
      ...(subject.masked?.(world().vendor) ?? []),
      ...texts(subject.wrongKey(world().vendor).settings),
    ];
    for (const seen of [await world().watch.texts(), await other.watch.texts()]) {
      for (const [where, text] of Object.entries(seen)) {
        expect(text.length, `${where} was looked at`).toBeGreaterThan(0);
        for (const secret of secrets)
          for (const form of forms(secret)) expect(text.includes(form), `a secret in the ${where}: ${around(text, form)}`).toBe(false);
      }
    }
  });

  function texts(settings: Readonly<Record<string, unknown>>): string[] {
    const right = new Set(Object.values(subject.settings(world().vendor)));
    return Object.values(settings).filter((value): value is string => typeof value === 'string' && !right.has(value));
  }
}

function forms(secret: string): string[] {
  return [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64'), Buffer.from(secret).toString('hex')];
}

/** Where it was seen, without saying it again. */
function around(text: string, secret: string): string {
  const at = text.indexOf(secret);
  return at < 0 ? '' : `${text.slice(Math.max(0, at - 80), at)}<here>`;
}
