/** What a file contains: one row per profile, or one row per event. */
export type ImportKind = 'profiles' | 'events';

/** How the cells of a column are checked. */
export type CellType = 'email' | 'phone' | 'id' | 'date' | 'number' | 'metric' | 'text';

export interface KnownColumn {
  /** Header as it is sent. */
  readonly header: string;
  /** Name of the attribute in the API; also accepted in a file or a mapping. */
  readonly attribute: string;
  readonly type: CellType;
  /** Other headers that files use. */
  readonly also?: readonly string[];
}

const identifiers: readonly KnownColumn[] = [
  { header: 'Email', attribute: 'email', type: 'email', also: ['Email Address', 'E-mail', 'E-mail Address'] },
  { header: 'Phone Number', attribute: 'phone_number', type: 'phone', also: ['Phone'] },
  { header: 'External ID', attribute: 'external_id', type: 'id' },
];

const text = (header: string, attribute: string): KnownColumn => ({ header, attribute, type: 'text' });

/** Headers follow the attributes of "Create Profile" and "Create Event"; any other header becomes a custom property. */
export const KNOWN: Readonly<Record<ImportKind, readonly KnownColumn[]>> = {
  profiles: [
    ...identifiers,
    text('First Name', 'first_name'),
    text('Last Name', 'last_name'),
    text('Organization', 'organization'),
    text('Title', 'title'),
    text('Locale', 'locale'),
    text('Image', 'image'),
    text('Address 1', 'address1'),
    text('Address 2', 'address2'),
    text('City', 'city'),
    { ...text('State / Region', 'region'), also: ['State', 'Region'] },
    text('Country', 'country'),
    { ...text('Zip Code', 'zip'), also: ['Zip', 'Postal Code'] },
    { header: 'Latitude', attribute: 'latitude', type: 'number' },
    { header: 'Longitude', attribute: 'longitude', type: 'number' },
    text('Timezone', 'timezone'),
    text('IP', 'ip'),
  ],
  events: [
    ...identifiers,
    { header: 'Metric Name', attribute: 'metric', type: 'metric', also: ['Metric', 'Event', 'Event Name'] },
    { header: 'Timestamp', attribute: 'time', type: 'date', also: ['Event Time', 'Date', 'Datetime'] },
    { header: 'Unique ID', attribute: 'unique_id', type: 'id', also: ['Event ID'] },
    { header: 'Value', attribute: 'value', type: 'number' },
  ],
};

export const IDENTIFIERS: readonly string[] = identifiers.map(({ header }) => header);
export const METRIC = 'Metric Name';
export const TIMESTAMP = 'Timestamp';
export const UNIQUE_ID = 'Unique ID';

/** Compares headers without case and punctuation: `E_MAIL`, `e-mail` and `Email` are equal. */
export const plainName = (name: string): string => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');

export function knownColumn(kind: ImportKind, name: string): KnownColumn | undefined {
  const plain = plainName(name);
  return KNOWN[kind].find(({ header, attribute, also = [] }) => [header, attribute, ...also].some((one) => plainName(one) === plain));
}

const OWN_FIELDS = new Set(['id', 'created', 'updated', 'lasteventdate', 'subscriptions', 'predictiveanalytics']);

/** The reason why a column must not be sent; undefined where it may. */
export function forbidden(header: string): string | undefined {
  if (header.startsWith('_')) return 'names that begin with _ belong to Tributary or the vendor';
  return OWN_FIELDS.has(plainName(header))
    ? 'the vendor sets this itself; sent, it would become a custom property of the same name'
    : undefined;
}

/** Whether a column is about consent: sending it may subscribe people, or end a subscription. */
export function isAboutConsent(header: string): boolean {
  return /consent|subscri|optin|optout|acceptsmarketing|suppress|gdpr/.test(plainName(header));
}

/** Headers whose cells are dates, unless the user says that they are text. */
export function looksLikeDate(header: string): boolean {
  return /(^|[\s_-])(date|birthday|birth ?date|timestamp)$/i.test(header.trim()) || /_at$/i.test(header.trim());
}
