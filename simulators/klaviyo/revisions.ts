import type { Window } from '../kit/rate-windows.ts';

export const REVISIONS = [
  '2022-10-17',
  '2023-01-24',
  '2023-02-22',
  '2023-06-15',
  '2023-07-15',
  '2023-08-15',
  '2023-09-15',
  '2023-10-15',
  '2023-12-15',
  '2024-02-15',
  '2024-05-15',
  '2024-06-15',
  '2024-07-15',
  '2024-10-15',
  '2025-01-15',
  '2025-04-15',
  '2025-07-15',
  '2025-10-15',
  '2026-01-15',
  '2026-04-15',
  '2026-07-15',
] as const;

/** What one revision of the API allows. ISO dates compare as text. */
export interface Dialect {
  revision: string;
  profilePageSize: { standard: number; most: number } | undefined;
  eventPageSize: { standard: number; most: number } | undefined;
  profileIncludes: readonly string[];
  eventIncludes: readonly string[];
  metricIncludes: readonly string[];
  additionalFields: readonly string[];
  eventHas: readonly string[];
  profileUpdatedFilter: boolean;
  attributionInProperties: boolean;
}

export function dialectOf(revision: string): Dialect | undefined {
  if (!(REVISIONS as readonly string[]).includes(revision)) return undefined;
  const since = (date: string): boolean => revision >= date;
  return {
    revision,
    profilePageSize: since('2023-02-22') ? { standard: 20, most: 100 } : undefined,
    eventPageSize: since('2026-01-15') ? { standard: 200, most: 1000 } : undefined,
    profileIncludes: since('2026-07-15')
      ? ['conversations', 'push-tokens']
      : since('2026-04-15')
        ? ['conversation', 'push-tokens']
        : since('2026-01-15')
          ? ['push-tokens']
          : since('2025-04-15')
            ? ['lists', 'push-tokens', 'segments']
            : [],
    eventIncludes: since('2024-02-15')
      ? ['metric', 'profile', 'attributions']
      : since('2023-07-15')
        ? ['metric', 'profile']
        : ['metrics', 'profiles'],
    metricIncludes: since('2024-10-15') ? ['flow-triggers'] : [],
    additionalFields: [...(since('2023-10-15') ? ['subscriptions'] : []), ...(since('2023-02-22') ? ['predictive_analytics'] : [])],
    eventHas: [...(since('2023-12-15') ? ['profile'] : []), ...(since('2026-04-15') ? ['metric'] : [])],
    profileUpdatedFilter: since('2023-01-24'),
    attributionInProperties: !since('2024-02-15'),
  };
}

const tier = (burst: number, steady: number): readonly Window[] => [
  { limit: burst, ms: 1000 },
  { limit: steady, ms: 60_000 },
];

const FIXED: Record<string, readonly Window[]> = {
  'GET /api/events': tier(350, 3500),
  'GET /api/events/:id': tier(10, 150),
  'GET /api/events/:id/profile': tier(350, 3500),
  'GET /api/events/:id/metric': tier(350, 3500),
  'GET /api/events/:id/relationships/profile': tier(350, 3500),
  'GET /api/metrics': tier(10, 150),
  'GET /api/metrics/:id': tier(10, 150),
  'GET /api/accounts': tier(1, 15),
  'POST /api/profile-merge': tier(10, 150),
  'POST /api/data-privacy-deletion-jobs': tier(3, 60),
  'POST /api/events': tier(350, 3500),
  'POST /api/profile-import': tier(75, 700),
};

/** Burst and steady window of an endpoint, and the bucket the request counts in. */
export function windowsOf(
  route: string,
  dialect: Dialect,
  additional: readonly string[],
  includes: readonly string[],
): { bucket: string; windows: readonly Window[] } {
  const fixed = FIXED[route];
  if (fixed) return { bucket: route, windows: fixed };
  const { revision } = dialect;
  if (route === 'GET /api/profiles/:id' && (includes.includes('list') || includes.includes('segment')))
    return { bucket: `${route} include`, windows: tier(1, 15) };
  if (additional.includes('predictive_analytics')) return { bucket: `${route} predictive_analytics`, windows: tier(10, 150) };
  if (revision < '2023-02-22') return { bucket: route, windows: tier(3, 60) };
  if (revision < '2023-06-15') return { bucket: route, windows: tier(10, 150) };
  return { bucket: route, windows: tier(75, revision < '2026-01-15' ? 700 : 750) };
}
