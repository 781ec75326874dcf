/** The meaning of a warehouse's error. */
export interface WarehouseWords {
  /** The warehouse's own code. */
  readonly code: string;
  readonly summary: string;
  readonly remedy: string;
}

/**
 * Meanings of the warehouses' error messages, by the code in them. Sources: PostgreSQL and Redshift SQLSTATE, SQL Server's
 * error numbers, Snowflake's and BigQuery's error reasons, S3's error codes.
 */
const known: readonly (readonly [pattern: RegExp, code: (found: RegExpMatchArray) => string, summary: string, remedy: string])[] = [
  [
    /SQLSTATE:?\s*(28000|28P01)|(password authentication failed)/i,
    (found) => found[1] ?? '28P01',
    'The warehouse refused the login.',
    'Correct the user and the password the Connect worker reads, then restart the connector.',
  ],
  [
    /SQLSTATE:?\s*(42501)|(permission denied)/i,
    (found) => found[1] ?? '42501',
    'The warehouse user lacks a permission.',
    "Run the landing's setup.sql again; it grants what the sink needs.",
  ],
  [
    /SQLSTATE:?\s*(42P01)|(relation ".*" does not exist)|(Table .* is missing)/i,
    (found) => found[1] ?? '42P01',
    'A table is missing in the warehouse.',
    "Run the landing's setup.sql, then restart the connector.",
  ],
  [
    /(billingNotEnabled)/,
    (found) => `403 ${found[1] ?? ''}`,
    'The BigQuery project has no billing account.',
    'Connect a billing account to the project.',
  ],
  [
    /(accessDenied)\b/,
    (found) => `403 ${found[1] ?? ''}`,
    'BigQuery refused the service account.',
    'Give it roles/bigquery.dataEditor on the dataset and roles/bigquery.jobUser on the project.',
  ],
  [/\b404\b.*(notFound)/, (found) => `404 ${found[1] ?? ''}`, 'The BigQuery dataset or table is missing.', "Run the landing's setup.sql."],
  [
    /(?:error|code)[:\s]*(18456)\b/i,
    (found) => found[1] ?? '',
    'Synapse refused the login.',
    'Correct the user and the password the Connect worker reads.',
  ],
  [
    /(?:error|code)[:\s]*(208)\b|(Invalid object name)/i,
    (found) => found[1] ?? '208',
    'A table is missing in Synapse.',
    "Run the landing's setup.sql.",
  ],
  [
    /(?:error|code)[:\s]*(229)\b/i,
    (found) => found[1] ?? '',
    'The Synapse user lacks a permission.',
    "Run the landing's setup.sql again; it grants what the sink needs.",
  ],
  [
    /(AuthenticationFailed)/,
    (found) => `403 ${found[1] ?? ''}`,
    'The storage account refused the signature; it may have expired.',
    'Make a new shared access signature.',
  ],
  [
    /\b(390144)\b|(JWT token is invalid)/i,
    (found) => found[1] ?? '390144',
    'Snowflake refused the key pair.',
    'Give the user the public half of the key the Connect worker reads.',
  ],
  [
    /\b(002003)\b/,
    (found) => found[1] ?? '',
    'A Snowflake object is missing or the role may not see it.',
    "Run the landing's setup.sql; look at SHOW GRANTS.",
  ],
  [/\b(000606)\b/, (found) => found[1] ?? '', 'No Snowflake warehouse is active.', 'Give the user a default warehouse it may use.'],
  [
    /(NoSuchBucket|InvalidAccessKeyId|SignatureDoesNotMatch|AccessDenied)\b/,
    (found) => found[1] ?? '',
    'S3 refused the request.',
    "Check the bucket's name and region, the access key and its policy.",
  ],
  [
    /Connection to .* refused|UnknownHostException|Connection timed out/i,
    () => 'unreachable',
    'The warehouse does not answer.',
    'Check host, port and firewall from where the Connect worker runs.',
  ],
];

/** Undefined for a message without a known code. */
export function warehouseWords(failure: string): WarehouseWords | undefined {
  for (const [pattern, code, summary, remedy] of known) {
    const found = pattern.exec(failure);
    if (found) return { summary, code: code(found), remedy };
  }
  return undefined;
}
