import type { TopicLag } from '../landing/lag.ts';

/** The time up to which a warehouse has everything the vendor had; follows from the topics' times and the sinks' lag. */
export interface LandedTo {
  /** Records up to what time each topic has everything; call it before the sinks are measured. */
  note(tables: readonly { readonly topic: string; readonly readTo?: number | undefined }[]): void;
  /** Epoch ms; undefined while it is not known. `at` is the time of the last {@link note}. */
  of(lag: TopicLag, at: number): number | undefined;
}

interface Sample {
  readonly at: number;
  readonly readTo: number;
}

/** Samples kept per topic. For a sink that is further behind, its lag says enough. */
const KEPT = 1_000;

/** A topic's time reached us after its rows were published. So when everything left to land was published later, the warehouse has all rows up to that time. */
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
