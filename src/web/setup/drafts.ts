import { randomUUID } from 'node:crypto';
import type { Context } from 'hono';
import { TributaryError } from '../../core/errors.ts';
import { note } from '../note.ts';
import type { WebContext } from '../context.ts';
import type { Guarded } from '../guard.ts';
import { write, type Draft } from './settings-file.ts';

const keepMs = 15 * 60_000;
const mostKept = 100;

/** A change of the settings, and how it is recorded. */
export interface Saving {
  readonly draft: Draft;
  readonly command: string;
  readonly connection: string | null;
  readonly detail: string;
}

/** Keeps changes until they are confirmed. Secrets are kept here, not in the page. */
export interface Waiting<T> {
  hold(one: T): string;
  /** Throws `config` when it is no longer kept. */
  get(id: string): T;
  drop(id: string): void;
}

export function waiting<T>(now: () => number): Waiting<T> {
  const kept = new Map<string, { readonly one: T; readonly at: number }>();
  return {
    hold(one) {
      for (const [id, { at }] of kept) if (now() - at > keepMs || kept.size >= mostKept) kept.delete(id);
      const id = randomUUID();
      kept.set(id, { one, at: now() });
      return id;
    },
    get(id) {
      const found = kept.get(id);
      if (found !== undefined && now() - found.at <= keepMs) return found.one;
      throw new TributaryError('This set-up is not kept any more.', { kind: 'config', remedy: 'Begin again.' });
    },
    drop: (id) => void kept.delete(id),
  };
}

/** Saves changes of the settings: records them, runs `before`, then writes and applies them. */
export interface Drafts {
  readonly waiting: Waiting<Saving & { readonly next: string }>;
  save(c: Context<Guarded>, saving: Saving, before?: () => Promise<void>): Promise<void>;
}

export function createDrafts(context: WebContext): Drafts {
  return {
    waiting: waiting(context.clock.now),
    async save(c, { draft, command, connection, detail }, before) {
      await note(context, c, { command, connection, table: null, detail });
      await before?.();
      write(draft);
      await context.reloadSettings();
    },
  };
}
