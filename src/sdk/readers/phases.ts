import { asNumber, asObject, asText, contextWith, saved } from './resume.ts';
import type { JsonObject, Page, Position, Reader } from '../../core/types.ts';

export interface Phase<Api> {
  readonly read: Reader<Api>;
  /** Period of this phase, ms. Without it: every run. */
  readonly every?: number;
  /** Lists everything: runs regardless of its period when the engine asks for a complete listing. */
  readonly listsAll?: boolean;
  /** Skipped in the very first run, where it would find nothing; its period begins with that run. */
  readonly notAtFirst?: boolean;
  /** Skipped in the very first run but due in the second: a first run takes long, and rows may be deleted meanwhile. */
  readonly afterFirst?: boolean;
}

/**
 * Several ways of reading one table, one after the other, each with its own position and period. An interrupted phase continues
 * before any other. In the position, `cut` is the interrupted phase and `cutAt` the time it began.
 */
export function phases<Api>(named: Readonly<Record<string, Phase<Api>>>): Reader<Api> {
  return async function* read(ctx) {
    const position = saved(ctx, 1);
    let positions: JsonObject = asObject(position?.phases) ?? {};
    let last: JsonObject = asObject(position?.last) ?? {};
    const interrupted = asText(position?.cut);
    const startedAt = asNumber(position?.cutAt);
    const names = Object.keys(named);
    let order =
      interrupted !== undefined && names.includes(interrupted) ? [interrupted, ...names.filter((name) => name !== interrupted)] : names;
    if (position === undefined) {
      last = Object.fromEntries(names.filter((name) => named[name]?.notAtFirst === true).map((name) => [name, ctx.now()]));
      order = order.filter((name) => named[name]?.afterFirst !== true || ctx.rescan === true);
    }
    for (const name of order) {
      const phase = named[name] as Phase<Api>;
      if (name !== interrupted && !isDue(name, phase)) continue;
      yield* run(name, phase, name === interrupted && startedAt !== undefined ? startedAt : ctx.now());
    }

    function isDue(name: string, phase: Phase<Api>): boolean {
      if (phase.listsAll === true && ctx.changesOnly === true) return false;
      if (phase.listsAll === true && ctx.rescan === true) return true;
      const before = asNumber(last[name]);
      // A time in the future shows that the clock was wrong, then or now.
      return phase.every === undefined || before === undefined || before > ctx.now() || before + phase.every <= ctx.runStart;
    }

    async function* run(name: string, phase: Phase<Api>, began: number): AsyncGenerator<Page, void, void> {
      let moved = phase.every !== undefined;
      for await (const page of phase.read(contextWith(ctx, { position: asObject(positions[name]) as Position | undefined }))) {
        positions = { ...positions, [name]: page.position };
        moved = true;
        yield { ...page, position: { v: 1, phases: positions, last, cut: name, cutAt: began } };
      }
      if (!moved) return;
      if (phase.every !== undefined) last = { ...last, [name]: began };
      // Records that the phase is over; without this page a restart would run it again first.
      yield { rows: [], position: { v: 1, phases: positions, last } };
    }
  };
}
