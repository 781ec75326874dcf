import { hash32, hexDigits, pick } from '../kit/random.ts';
import { APPS, DEFAULT_APP } from './options.ts';
import { DAY } from '../kit/durations.ts';

export type VendorRow = { [field: string]: unknown };

const id = (prefix: string, seed: number, n: number): string => `${prefix}_${hexDigits(24, seed, n, prefix.length + prefix.charCodeAt(0))}`;
const user = (n: number): VendorRow => ({
  id: `50000000000000${n % 3}`,
  username: `ana${n % 3}@example.test`,
  first: 'Ana',
  last: 'Diaz',
  role: 2,
  userType: 'normal',
  hasLoggedIn: true,
  lastLogin: 1_714_990_000_000,
});
const group = (n: number): VendorRow => ({
  id: `Grp_${n % 4}`,
  name: `Area ${n % 4}`,
  description: '',
  color: 'gray',
  length: 12,
  items: n % 2 === 0 ? [] : null,
  type: 'productArea',
});

export function accountRow(seed: number, accountId: string, n: number, start: number, lastupdated: number): VendorRow {
  const auto: VendorRow = {
    id: accountId,
    idhash: hash32(seed, n, 1),
    nid: n,
    firstvisit: start - DAY + n,
    lastvisit: lastupdated - 5_000,
    lastupdated,
  };
  if (n === 2) delete auto['lastupdated'];
  if (n === 3) auto['lastupdated'] = null;
  return {
    accountId,
    metadata: {
      auto,
      auto__323232: { firstvisit: auto['firstvisit'], lastvisit: auto['lastvisit'] },
      agent: { name: `Account ${n}`, plan: n % 2 === 0 ? 'gold' : 'silver' },
      ...(n % 4 === 3 ? {} : { custom: { seats: `${n}.0`, churnrisk: n % 3 === 0, renewaldate: 1_735_689_600_000 } }),
      ...(n % 2 === 0 ? { pendo: { blacklistguides: false } } : {}),
    },
  };
}

export function visitorRow(
  seed: number,
  visitorId: string,
  n: number,
  accounts: readonly string[],
  start: number,
  lastupdated: number,
): VendorRow {
  const anonymous = visitorId.startsWith('_PENDO_T_');
  const firstvisit = start - 2 * DAY + n * 1_000;
  if (n === 8) return { visitorId, metadata: { pendo: { donotprocess: true } } };
  return {
    visitorId,
    metadata: {
      auto: {
        id: visitorId,
        idhash: hash32(seed, n, 2),
        nid: n,
        createdat: firstvisit - 1_000,
        firstvisit,
        lastvisit: lastupdated - 1_000,
        lastupdated,
        ...(anonymous ? {} : { firstidentifiedvisit: firstvisit + 60_000, accountid: accounts[0], accountids: accounts }),
        lastbrowsername: 'Firefox',
        lastbrowserversion: '125.0.0',
        lastoperatingsystem: 'Linux',
        lastservername: 'app.example.test',
        lastuseragent: 'Mozilla/5.0 (X11; Linux x86_64)',
      },
      ...(anonymous
        ? {}
        : { agent: { email: `v${n}@example.test`, ipaddress: '203.0.113.9', language: pick(['nl', 'de'], seed, n, 3), role: 'editor' } }),
      pendo: { donotprocess: false, designerenabled: false },
      ...(n % 3 === 0 ? { custom: { tier: 'b', seats: '25.0', Odd_Name: null } } : {}),
      ...(n % 9 === 0 ? { salesforce: { contact_id: `003${n}` } } : {}),
    },
  };
}

function common(prefix: string, kind: string, seed: number, n: number, start: number): VendorRow {
  const row = id(prefix, seed, n);
  return {
    id: row,
    name: `${kind} ${n}`,
    kind,
    appId: n % 4 === 0 ? APPS[1 + (n % 2)] : DEFAULT_APP,
    appIds: n % 4 === 0 ? [APPS[1 + (n % 2)], DEFAULT_APP] : [DEFAULT_APP],
    description: n % 3 === 0 ? '' : `What ${kind} ${n} is for`,
    rootVersionId: row,
    stableVersionId: `${row}-20260101101112.5`,
    createdAt: start - 90 * DAY + n * 60_000,
    createdByUser: user(n),
    lastUpdatedAt: start - 30 * DAY + n * 60_000,
    lastUpdatedByUser: user(n + 1),
  };
}

/** The vendor's own marks of how far an object's events are counted. */
const marks = (start: number): VendorRow => ({ validThrough: start, dailyMergeFirst: 0, dailyRollupFirst: 0 });

const PAGE_RULE = { rule: '//*/reports', designerHint: 'https://app.example.test/reports', parsedRule: '^https?://[^/]*/reports/?$' };

export const featureRow = (seed: number, n: number, start: number): VendorRow => ({
  ...common('FtR', 'Feature', seed, n, start),
  ...(n % 2 === 0 ? { color: 'blue' } : {}),
  group: group(n),
  dirty: false,
  isCoreEvent: n % 2 === 0,
  appWide: n % 5 === 0,
  pageId: n % 5 === 0 ? '' : id('Pg', seed, n % 5),
  ...marks(start),
  elementPathRules: ['#export'],
  elementSelectionType: 'css',
  elementInitialTag: 'button',
  eventPropertyConfigurations: [],
  suggestedMatch: '',
  isSuggested: false,
  createdDesignerVersion: '9.1',
  ignoredFrustrationTypes: n % 4 === 1 ? ['deadClick'] : [],
  tagMaintenanceExclude: n % 6 === 0,
  rulesjson: '',
});

export const pageRow = (seed: number, n: number, start: number): VendorRow => ({
  ...common('Pg', 'Page', seed, n, start),
  color: 'red',
  group: group(n),
  dirty: false,
  isCoreEvent: false,
  isAutoTagged: false,
  isSuggested: false,
  suggestedName: '',
  ...marks(start),
  rules: [PAGE_RULE],
  // Documented as text, but seen as a list.
  rulesjson: n % 2 === 0 ? '' : [PAGE_RULE],
  excludeRules: n % 5 === 0 ? [{ ...PAGE_RULE, rule: '//*/reports/old' }] : [],
  ignoredFrustrationTypes: n % 4 === 1 ? ['rageClick'] : [],
  tagMaintenanceExclude: n % 6 === 0,
});

export const guideRow = (seed: number, n: number, start: number): VendorRow => {
  const row = common('Gd', 'Guide', seed, n, start);
  return {
    ...row,
    state: pick(['draft', 'staged', 'public', 'disabled', '_pendingReview_'], seed, n, 4),
    emailState: '',
    launchMethod: 'auto-badge',
    editorType: 'visualDesignStudio',
    authoredLanguage: 'en-US',
    isMultiStep: true,
    isTraining: false,
    isModule: false,
    isTopLevel: false,
    publishedEver: true,
    publishedAt: n % 2 === 0 ? start - 20 * DAY : 0,
    resetAt: n % 3 === 0 ? start : 0,
    expiresAfter: n % 4 === 0 ? start + DAY : 0,
    showsAfter: n % 4 === 1 ? start : 0,
    recurrence: 0,
    recurrenceEligibilityWindow: 0,
    currentFirstEligibleToBeSeenAt: n % 5 === 0 ? start : 0,
    steps: [{ id: 'St_0', guideId: row['id'], type: 'building-block', rank: 5_000_000, attributes: { css: '' } }],
    polls: [{ id: 'pl_1', question: 'How likely are you to recommend us?', attributes: { type: 'NPSRating' } }],
    attributes: { type: 'building-block', device: { type: 'desktop' }, priority: n },
    audience: [{ source: { visitors: null } }, { identified: 'visitorId' }],
    audienceUiHint: { filters: [] },
    dependentMetadata: [],
    conversion: n % 4 === 0 ? { kind: 'feature', id: id('FtR', seed, n), days: 7 } : null,
    experiment: n % 4 === 1 ? { control: 50, running: true } : null,
    children: n % 3 === 0 ? [id('Gd', seed, n + 1)] : [],
    emailConfiguration: n % 5 === 0 ? { subject: 'Welcome', from: 'team@example.test' } : null,
    minAgentVersion: n % 2 === 0 ? '2.150.0' : '',
    originId: n % 3 === 1 ? id('Gd', seed, n - 1) : '',
    resourceCenterId: n % 4 === 2 ? id('Gd', seed, 0) : '',
    autoCreateFeedback: n % 7 === 0,
  };
};

export const trackTypeRow = (seed: number, n: number, start: number): VendorRow => ({
  ...common('Tt', 'TrackType', seed, n, start),
  color: 'green',
  group: group(n),
  dirty: false,
  isCoreEvent: false,
  trackTypeName: `checkout_${n}`,
  trackTypeRules: [`checkout_${n}`],
  ...marks(start),
  eventPropertyNameList: ['currency', 'total'],
});

const field = (Type: string, DisplayName: string, more: VendorRow = {}): VendorRow => ({
  Type,
  DisplayName,
  ElementType: '',
  ElementFormat: Type === 'time' ? 'milliseconds' : '',
  Dirty: false,
  isHidden: false,
  isDeleted: false,
  isCalculated: false,
  isPerApp: false,
  isPromoted: false,
  neverIndex: false,
  ...more,
});

export function metadataSchema(of: 'account' | 'visitor'): Record<string, VendorRow> {
  return {
    auto: {
      id: field('string', `${of} id`),
      firstvisit: field('time', 'First Visit', { isPerApp: true }),
      lastvisit: field('time', 'Last Visit'),
    },
    agent: {
      plan: field('string', 'plan', { sample: 'gold', Dirty: true }),
      langs: field('list', 'langs', { ElementType: 'string', sample: ['nl', 'de'] }),
    },
    pendo: { donotprocess: field('boolean', 'Do Not Process') },
    custom: { seats: field('integer', 'Seats'), odd: field('', '') },
  };
}
