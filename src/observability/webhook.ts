import { setTimeout as sleep } from 'node:timers/promises';
import { TributaryError } from '../core/errors.ts';
import { VERSION, USER_AGENT } from '../core/version.ts';
import { createProblemTracker, notificationText, type Notification } from './notify.ts';
import type { StatusSnapshot } from './status-view.ts';
import type { NoticeKind, TableRef } from '../core/run.ts';
import { timeLimit } from '../core/signals.ts';

/** The webhook and the format of its messages. */
export interface NotifySettings {
  readonly url: string;
  readonly form: 'json' | 'slack';
  readonly events: readonly NoticeKind[];
}

const lookMs = 1_000;
/** Messages of this many looks are sent together. */
const gatheredLooks = 5;
const answerMs = 10_000;
/** Pauses (ms) before the second, third and fourth attempt to send a message. */
const retriesMs = [2_000, 15_000, 60_000] as const;
/** A process that ends has this long (ms) to send its last messages. */
const closingMs = 2_000;

/**
 * Sends notifications to the webhook.
 * @throws TributaryError `transient` when a retry makes sense, `config` when it does not. Neither contains the address,
 * which is a secret.
 */
export async function sendNotifications(
  { url, form }: Pick<NotifySettings, 'url' | 'form'>,
  prefix: string,
  notifications: readonly Notification[],
  signal: AbortSignal,
): Promise<void> {
  const text = notificationText(prefix, notifications);
  // Slack's markup characters are escaped as its manual says (Formatting text for app surfaces).
  const body =
    form === 'slack'
      ? { text: text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;') }
      : { v: 1, prefix, text, notifications: notifications.map((one) => ({ ...one, at: new Date(one.at).toISOString() })) };
  let status: number;
  try {
    const answer = await fetch(url, {
      method: 'POST',
      redirect: 'manual',
      headers: { 'content-type': 'application/json', 'user-agent': USER_AGENT },
      body: JSON.stringify(body),
      signal: timeLimit(answerMs, signal),
    });
    await answer.body?.cancel();
    ({ status } = answer);
  } catch (cause) {
    const { code } = (cause as { cause?: NodeJS.ErrnoException }).cause ?? {};
    throw new TributaryError(`The webhook of notify did not answer${code === undefined ? '' : ` (${code})`}.`, {
      kind: 'transient',
      code: 'notify:unreachable',
      remedy: 'Check notify.url and the network on the way to it.',
      cause,
    });
  }
  if (status >= 200 && status < 300) return;
  const passes = status === 408 || status === 429 || status >= 500;
  throw new TributaryError(`The webhook of notify answered ${status}.`, {
    kind: passes ? 'transient' : 'config',
    code: `notify:${status}`,
    remedy:
      status >= 300 && status < 400
        ? 'It redirects, which is not followed: set notify.url to the final address.'
        : 'Check notify.url and notify.form, and ask the operator of the webhook.',
  });
}

export interface NotifyOptions {
  readonly settings: NotifySettings;
  readonly prefix: string;
  readonly status: () => StatusSnapshot;
  readonly interval: (table: TableRef) => number | undefined;
  /** Called when messages are not accepted: once, until a message gets through. */
  readonly onProblem: (error: TributaryError) => void;
  readonly lookEveryMs?: number;
}

/** Watches the tables and sends notifications. Nothing waits for it. */
export function startNotifying({ settings, prefix, status, interval, onProblem, lookEveryMs = lookMs }: NotifyOptions): {
  stop(): Promise<void>;
} {
  const tracker = createProblemTracker(interval);
  const ended = new AbortController();
  const stopping = new AbortController();
  let waiting: Notification[] = [];
  let sending: Promise<void> | undefined;
  let failing = false;

  const look = (): void => {
    waiting.push(...tracker.look(status()).filter(({ event }) => settings.events.some((one) => one === event)));
    if (waiting.length > 0) sending ??= send().finally(() => (sending = undefined));
  };
  async function send(): Promise<void> {
    // Tables of a connection fail one after the other, and are one message.
    await sleep(gatheredLooks * lookEveryMs, undefined, { signal: stopping.signal, ref: false }).catch(() => undefined);
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      for (let tries = 0; ; tries += 1) {
        try {
          await sendNotifications(settings, prefix, batch, ended.signal);
          failing = false;
          break;
        } catch (error) {
          const failure = error as TributaryError;
          const wait = failure.kind === 'transient' ? retriesMs[tries] : undefined;
          if (!failing) onProblem(failure);
          failing = true;
          if (wait === undefined || ended.signal.aborted) break;
          await sleep(wait, undefined, { signal: ended.signal, ref: false }).catch(() => undefined);
        }
      }
    }
  }

  look();
  const timer = setInterval(look, lookEveryMs);
  timer.unref();
  return {
    async stop() {
      clearInterval(timer);
      stopping.abort();
      look();
      const end = setTimeout(() => ended.abort(), closingMs);
      await sending;
      clearTimeout(end);
      ended.abort();
    },
  };
}

/** What `tributary notify test` sends. */
export const testNotification = (at: number): Notification => ({
  event: 'test',
  connection: 'test',
  table: 'test',
  message: `This is a test of tributary ${VERSION}; nothing is wrong.`,
  at,
});
