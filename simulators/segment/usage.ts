import { below } from '../kit/random.ts';
import type { UsageOrigin, VendorRow, Workspace } from './workspace.ts';
import { DAY, HOUR } from '../kit/durations.ts';

/** Added to the first source's calls so that its counts exceed 2^53, which a double cannot hold. */
const BEYOND_DOUBLE = 9_007_199_254_740_993n;

export function monthStart(at: number, plus = 0): number {
  const date = new Date(at);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + plus, 1);
}

function text(at: number): string {
  return new Date(at).toISOString().replace('.000Z', 'Z');
}

/** Share of a day's traffic up to now: the current day grows with each full hour, and its timestamp stays. */
function share(day: number, now: number): number {
  return Math.min(1, Math.max(0, Math.floor((now - day) / HOUR) / 24));
}

interface Count {
  api: bigint;
  users: [anonymous: number, anonymousIdentified: number, identified: number, neverIdentified: number];
}

/** The counts of one source from the first day of the month until the end of `day` or until `now`. */
function cumulative(workspace: Workspace, origin: UsageOrigin, day: number, now: number): Count {
  const count: Count = { api: origin.number === 0 ? BEYOND_DOUBLE : 0n, users: [0, 0, 0, 0] };
  for (let d = monthStart(day); d <= day; d += DAY) {
    if (d + DAY <= origin.from || (origin.until !== undefined && d > origin.until)) continue;
    const part = share(d, now);
    const number = Math.floor(d / DAY);
    count.api += BigInt(Math.floor(part * (100 + below(5_000, workspace.seed, number, origin.number * 7))));
    const restated = workspace.restatements.get(`${origin.id} ${d}`);
    count.api += restated?.api ?? 0n;
    count.users.forEach(
      (_, i) =>
        (count.users[i] =
          (count.users[i] as number) +
          Math.floor(part * (10 + below(300, workspace.seed, number, origin.number * 7 + 1 + i))) +
          (restated?.users ?? 0)),
    );
  }
  return count;
}

function userFields(users: Count['users'], share_: number): VendorRow {
  const [anonymous, anonymousIdentified, identified, neverIdentified] = users.map((n) => String(Math.floor(n * share_)));
  return {
    anonymous: anonymous as string,
    anonymousIdentified: anonymousIdentified as string,
    identified: identified as string,
    neverIdentified: neverIdentified as string,
  };
}

export type UsageKind = 'api' | 'mtu';

/**
 * The rows of the month that begins at `month`: one per day, or per source and day, cumulative since the first day of the
 * month. `boundary` adds the first instant of the next month with the last counts of this one.
 */
export function usageRows(
  workspace: Workspace,
  kind: UsageKind,
  perSource: boolean,
  month: number,
  now: number,
  boundary: boolean,
): VendorRow[] {
  const next = monthStart(month, 1);
  if (month < workspace.usageFrom || month > now) return [];
  const bounds = { periodStart: month / 1000, periodEnd: next / 1000 - 1 };
  const rows: VendorRow[] = [];
  const add = (timestamp: number, day: number): void => {
    const counts = workspace.usageOrigins
      .filter((o) => o.from < day + DAY && (o.until === undefined || o.until >= monthStart(day)))
      .map((o) => ({ origin: o, count: cumulative(workspace, o, day, now) }));
    if (perSource) {
      for (const { origin, count } of counts) {
        rows.push(
          kind === 'api'
            ? { sourceId: origin.id, apiCalls: String(count.api), timestamp: text(timestamp) }
            : { sourceId: origin.id, ...bounds, ...userFields(count.users, 1), timestamp: text(timestamp) },
        );
      }
      return;
    }
    if (kind === 'api') {
      rows.push({ apiCalls: String(counts.reduce((sum, { count }) => sum + count.api, 0n)), timestamp: text(timestamp) });
      return;
    }
    // A user active in several sources counts once in the workspace, so its count is below the sum of the sources.
    const sum: Count['users'] = [0, 0, 0, 0];
    for (const { count } of counts) count.users.forEach((n, i) => (sum[i] = (sum[i] as number) + n));
    rows.push({ ...bounds, ...userFields(sum, 0.8), timestamp: text(timestamp) });
  };
  for (let day = month; day < next && day <= now; day += DAY) add(day, day);
  if (boundary && next <= now) add(next, next - DAY);
  return rows;
}
