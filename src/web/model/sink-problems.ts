import type { LandingStatus } from '../../landing/status.ts';
import type { Problem } from './table-row.ts';

/**
 * What the warehouses' own words say, by the code in them. Sources: PostgreSQL and Redshift SQLSTATE, SQL Server's error
 * numbers, Snowflake's and BigQuery's error reasons, S3's error codes.
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
    'The warehouse user lacks a right.',
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
    'The Synapse user lacks a right.',
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

/** The failures of a connector, as the drawer shows them. `at`: when they were seen, epoch ms. */
export function sinkProblems(landing: string, { connector, state, tasks, failure, deadLetters }: LandingStatus, at: number): Problem[] {
  const failed = state === 'FAILED' || tasks.some((task) => task.state === 'FAILED');
  const problems: Problem[] = [];
  if (failed) problems.push({ at, where: 'sink', times: 1, active: true, ...told(landing, connector, failure ?? '') });
  if (state === 'MISSING') {
    problems.push({
      at,
      where: 'sink',
      times: 1,
      active: true,
      code: 'connect:missing',
      summary: `The landing ${landing} has no connector ${connector}.`,
      remedy: `Apply the landing: tributary landing apply ${landing}`,
    });
  }
  if (deadLetters > 0) {
    problems.push({
      at,
      where: 'sink',
      times: 1,
      active: true,
      code: 'connect:dead-letters',
      summary: `The warehouse refused ${deadLetters} ${deadLetters === 1 ? 'row' : 'rows'} of ${connector}.`,
      remedy: 'Look into its dead-letter topic; once the cause is gone: tributary landing reread.',
    });
  }
  return problems;
}

function told(landing: string, connector: string, failure: string): Pick<Problem, 'summary' | 'code' | 'message' | 'remedy'> {
  for (const [pattern, code, summary, remedy] of known) {
    const found = pattern.exec(failure);
    if (found) return { summary: `${summary} (${landing}, ${connector})`, code: code(found), message: failure, remedy };
  }
  return {
    summary: `The sink ${connector} of the landing ${landing} has stopped.`,
    code: 'connect:failed',
    ...(failure === '' ? {} : { message: failure }),
    remedy: 'Put right what it says, then apply the landing again.',
  };
}
