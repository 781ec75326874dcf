import { randomUUID } from 'node:crypto';
import type { Context } from 'hono';
import { TributaryError } from '../../core/errors.ts';
import { note } from '../note.ts';
import type { WebContext } from '../context.ts';
import type { Guarded } from '../guard.ts';
import type { Form } from './form.tsx';
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

/** A change with what its review shows and where saving it leads to. */
export interface Reviewed extends Saving {
  readonly title: string;
  readonly steps: readonly string[];
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly next: string;
}

/** A form that was refused: what was filled in, and why. */
export interface Refused {
  readonly form: Form;
  readonly error: TributaryError;
}

/**
 * Keeps what a form has led to for the page that shows it: each form is answered by the address of the next page, so that
 * the browser's Back and Reload never send one again. Secrets are kept here, not in the page.
 */
export interface Waiting<T> {
  hold(one: T): string;
  /** Throws `config` when it is no longer kept. */
  get(id: string): T;
  /** Undefined when it is no longer kept, or where no id is given. */
  find(id: string | undefined): T | undefined;
  renew(id: string, one: T): void;
  drop(id: string): void;
}

export function waiting<T>(now: () => number): Waiting<T> {
  const kept = new Map<string, { readonly one: T; readonly at: number }>();
  const find = (id: string | undefined): T | undefined => {
    const found = id === undefined ? undefined : kept.get(id);
    return found !== undefined && now() - found.at <= keepMs ? found.one : undefined;
  };
  return {
    hold(one) {
      for (const [id, { at }] of kept) if (now() - at > keepMs || kept.size >= mostKept) kept.delete(id);
      const id = randomUUID();
      kept.set(id, { one, at: now() });
      return id;
    },
    get(id) {
      const found = find(id);
      if (found !== undefined) return found;
      throw new TributaryError('This set-up was saved already, or was begun more than 15 minutes ago.', {
        kind: 'config',
        remedy: 'If its change is missing on the page of settings, begin again.',
      });
    },
    find,
    renew: (id, one) => void kept.set(id, { one, at: now() }),
    drop: (id) => void kept.delete(id),
  };
}

/** Saves changes of the settings: records them, runs `before`, then writes and applies them. */
export interface Drafts {
  readonly waiting: Waiting<Reviewed>;
  readonly refused: Waiting<Refused>;
  save(c: Context<Guarded>, saving: Saving, before?: () => Promise<void>): Promise<void>;
}

export function createDrafts(context: WebContext): Drafts {
  return {
    waiting: waiting(context.clock.now),
    refused: waiting(context.clock.now),
    async save(c, { draft, command, connection, detail }, before) {
      await note(context, c, { command, connection, table: null, detail });
      await before?.();
      write(draft);
      await context.reloadSettings();
    },
  };
}
