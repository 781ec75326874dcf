import { asNumber, asObject, asText, contextWith, saved } from './resume.ts';
import type { JsonObject, Page, Position, Reader } from '../../core/types.ts';

export interface Phase<Api> {
  readonly read: Reader<Api>;
  /** How often this phase runs, ms. Without it: each run. */
  readonly every?: number;
  /** Lists everything: runs whatever its period when the engine wants a listing now. */
  readonly listsAll?: boolean;
  /** Has nothing to find in the very first run; its period begins with that run. */
  readonly notAtFirst?: boolean;
  /** Has nothing to find in the very first run, but in the one after: a first run takes long, and things go meanwhile. */
  readonly afterFirst?: boolean;
}

/**
 * Several ways of reading one table, one after the other, each with its own position and period. A phase that was
 * cut goes on before any other.
 */
export function phases<Api>(named: Readonly<Record<string, Phase<Api>>>): Reader<Api> {
  return async function* read(ctx) {
    const position = saved(ctx, 1);
    let positions: JsonObject = asObject(position?.phases) ?? {};
    let last: JsonObject = asObject(position?.last) ?? {};
    const cut = asText(position?.cut);
    const startedAt = asNumber(position?.cutAt);
    const names = Object.keys(named);
    let order = cut !== undefined && names.includes(cut) ? [cut, ...names.filter((name) => name !== cut)] : names;
    if (position === undefined) {
      last = Object.fromEntries(names.filter((name) => named[name]?.notAtFirst === true).map((name) => [name, ctx.now()]));
      order = order.filter((name) => named[name]?.afterFirst !== true || ctx.rescan === true);
    }
    for (const name of order) {
      const phase = named[name] as Phase<Api>;
      if (name !== cut && !isDue(name, phase)) continue;
      yield* run(name, phase, name === cut && startedAt !== undefined ? startedAt : ctx.now());
    }

    function isDue(name: string, phase: Phase<Api>): boolean {
      if (phase.listsAll === true && ctx.changesOnly === true) return false;
      if (phase.listsAll === true && ctx.rescan === true) return true;
      const before = asNumber(last[name]);
      // Later than now: the clock was wrong, then or now.
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
      // Says that the phase is over; without it a restart would run it again first.
      yield { rows: [], position: { v: 1, phases: positions, last } };
    }
  };
}
