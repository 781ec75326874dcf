import { below, pick } from '../kit/random.ts';
import { ids } from './ids.ts';
import type { VendorRow } from './workspace.ts';

const STATUSES = [
  'PUBLIC',
  'PUBLIC',
  'PUBLIC',
  'PUBLIC_BETA',
  'PRIVATE_BETA',
  'PRIVATE_BUILDING',
  'PRIVATE_SUBMITTED',
  'DEPRECATED',
  'UNAVAILABLE',
] as const;
const KINDS = ['Mail', 'Ads', 'Desk', 'Metrics', 'Forms', 'Push', 'Chat', 'Survey'] as const;
const BRANDS = ['Northwind', 'Żubr', 'Acme', 'Kestrel', 'Mølle', 'Bluebird', 'O"Neil'] as const;

function title(seed: number, n: number, salt: number): string {
  return `${pick(BRANDS, seed, n, salt)} ${pick(KINDS, seed, n, salt + 1)} ${n}`;
}

function slugOf(name: string): string {
  return name
    .normalize('NFD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-');
}

function logos(seed: number, n: number, salt: number): VendorRow {
  const empty = below(3, seed, n, salt) === 0 ? '' : null;
  return { default: `https://img.example.test/${salt}/${n}.svg`, mark: empty, alt: empty };
}

const DEFAULTS = ['', 0, false, null, ['a', 'b'], { '@path': '$.traits.email' }] as const;

function option(seed: number, n: number, k: number): VendorRow {
  return {
    name: `setting${k}`,
    type: pick(['string', 'boolean', 'number', 'array'], seed, n, 40 + k),
    required: k === 0,
    ...(k % 2 === 0 && { description: `Setting ${k} of entry ${n}`, label: `Setting ${k}` }),
    ...(k % 3 !== 1 && { defaultValue: pick(DEFAULTS, seed, n, 50 + k) }),
  };
}

/** Some entries are as large as the real catalogue's, to test limits of message size. */
export function catalogDestination(seed: number, n: number): VendorRow {
  const name = title(seed, n, 60);
  const actions = below(3, seed, n, 62);
  const fields = n === 3 ? 160 : 4;
  return {
    id: ids.destinationMetadata(seed, n),
    name,
    description: `${name} receives events.\nIt can “quote” and break lines.`,
    slug: slugOf(name),
    logos: logos(seed, n, 63),
    options: Array.from({ length: 1 + below(4, seed, n, 64) }, (_, k) => option(seed, n, k)),
    status: pick(STATUSES, seed, n, 65),
    previousNames: n % 4 === 0 ? [`Old ${name}`] : [],
    categories: [pick(['Email Marketing', 'Advertising', 'CRM', 'Analytics'], seed, n, 66)],
    website: `https://${slugOf(name)}.example.test`,
    components: [
      {
        type: pick(['SERVER', 'BROWSER', 'IOS', 'ANDROID'], seed, n, 67),
        code: `https://code.example.test/${n}`,
        ...(n % 2 === 0 && { owner: 'PARTNER' }),
      },
    ],
    supportedFeatures: {
      cloudModeInstances: pick(['0', '1', 'MULTIPLE', 'NONE', 'SINGLE'], seed, n, 68),
      deviceModeInstances: pick(['0', '1', 'NONE', 'SINGLE'], seed, n, 69),
      replay: n % 3 === 0,
    },
    supportedMethods: { track: true, pageview: n % 2 === 0, identify: true, group: n % 3 === 0, alias: false },
    supportedPlatforms: { browser: true, mobile: n % 2 === 0, server: true },
    actions: Array.from({ length: n === 3 ? 6 : actions }, (_, a) => action(seed, n, a, fields)),
    presets:
      actions > 1 ? [{ actionId: `a${n}-0`, name: 'Everything', trigger: 'type = "track"', fields: { to: { '@path': '$.email' } } }] : [],
    ...(n % 3 === 0 && { contacts: [{ email: `partner${n}@example.test`, name: 'Partner', isPrimary: true }] }),
    ...(n % 2 === 0 && { partnerOwned: n % 4 === 0 }),
    ...(n % 5 !== 0 && {
      supportedRegions: ['us-west-2', 'eu-west-1'].slice(0, 1 + (n % 2)),
      regionEndpoints: ['US', 'EU'].slice(0, 1 + (n % 2)),
    }),
    ...(n % 7 === 0 && { multiInstanceSupportedVersion: '4.2.0' }),
  };
}

function action(seed: number, n: number, a: number, fields: number): VendorRow {
  return {
    id: `a${n}-${a}`,
    slug: `action${a}`,
    name: `Action ${a}`,
    description: 'Does one thing',
    platform: pick(['CLOUD', 'MOBILE', 'WEB'], seed, n, 70 + a),
    hidden: false,
    defaultTrigger: a % 2 === 0 ? 'type = "track"' : null,
    fields: Array.from({ length: fields }, (_, f) => ({
      id: `f${n}-${a}-${f}`,
      sortOrder: f,
      fieldKey: `field${f}`,
      label: `Field ${f}`,
      type: pick(['STRING', 'BOOLEAN', 'OBJECT', 'DATETIME', 'PASSWORD'], seed, n, 80 + f),
      description: 'What goes here',
      required: f === 0,
      multiple: false,
      dynamic: false,
      allowNull: f % 2 === 1,
      defaultValue: pick(DEFAULTS, seed, n, 90 + f),
      ...(f % 3 === 2 && {
        choices: [
          { label: 'Yes', value: true },
          { label: 'No', value: 'no' },
        ],
      }),
    })),
  };
}

export function catalogSource(seed: number, n: number): VendorRow {
  const name = title(seed, n, 160);
  return {
    id: ids.sourceMetadata(seed, n),
    name,
    slug: slugOf(name),
    description: `Collects from ${name}`,
    logos: logos(seed, n, 163),
    options: n % 3 === 0 ? [option(seed, n, 0)] : [],
    categories: [pick(['Website', 'Mobile', 'Server', 'Object cloud'], seed, n, 164)],
    isCloudEventSource: n % 5 === 0,
    status: pick(STATUSES, seed, n, 165),
    ...(n % 2 === 0 && { partnerOwned: n % 4 === 0 }),
  };
}

export function catalogWarehouse(seed: number, n: number): VendorRow {
  const name = `Lakebase ${n}`;
  return {
    id: ids.warehouseMetadata(seed, n),
    name,
    slug: slugOf(name),
    description: 'SQL store',
    logos: logos(seed, n, 263),
    options: [{ name: 'hostname', type: 'string', required: true }, option(seed, n, 1)],
  };
}
