import type { Source } from '../../src/sdk/source.ts';

/**
 * The source without a pace of its own, for a simulator whose rate limits are off: waiting for a quota that nobody counts shows
 * nothing. What an answer says of waiting still holds.
 */
export function unlimited(source: Source): Source {
  return {
    ...source,
    connect: (settings, env) =>
      source.connect(settings, {
        ...env,
        http: (options) => {
          const buckets = Object.entries(options.budget.buckets).map(([name, rule]) => [name, { ...rule, windows: [] }]);
          return env.http({ ...options, budget: { ...options.budget, buckets: Object.fromEntries(buckets) } });
        },
      }),
  };
}
