import type { TopicLag } from '../landing/lag.ts';

/** Up to which instant of the vendor a warehouse has everything: what the topic had, as far as the sink has come. */
export interface LandedTo {
  /** Remembers up to which instant each topic holds everything; to be called before the sinks are looked at. */
  note(tables: readonly { readonly topic: string; readonly readTo?: number | undefined }[]): void;
  /** Epoch ms; undefined where it cannot be told (yet). `at` is the moment of the last {@link note}. */
  of(lag: TopicLag, at: number): number | undefined;
}

interface Sample {
  readonly at: number;
  readonly readTo: number;
}

/** A sink so far behind is told by its lag. */
const KEPT = 1_000;

/** Everything read up to an instant was published before the moment we heard of it; so it has landed when what is left was published later. */
export function landedTo(now: () => number): LandedTo {
  const heard = new Map<string, Sample[]>();
  return {
    note(tables) {
      for (const { topic, readTo } of tables) {
        if (readTo === undefined) continue;
        const samples = heard.get(topic) ?? [];
        if (samples.at(-1)?.readTo !== readTo) samples.push({ at: now(), readTo });
        heard.set(topic, samples.slice(-KEPT));
      }
    },
    of({ topic, missing, caughtUp, lagSeconds }, at) {
      const samples = heard.get(topic);
      if (missing || samples === undefined) return undefined;
      if (caughtUp) {
        heard.set(topic, samples.slice(-1));
        return samples.at(-1)?.readTo;
      }
      const oldest = at - lagSeconds * 1000;
      return samples.findLast((sample) => sample.at < oldest)?.readTo;
    },
  };
}
