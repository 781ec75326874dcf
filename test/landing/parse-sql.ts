import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { renderLanding } from '../../src/landing/render.ts';
import { statements } from '../support/statements.ts';
import type { Landing } from '../../src/landing/types.ts';
import { pythonWithPackages } from '../setup/python.mjs';

const DIALECT: Readonly<Record<string, string>> = {
  postgres: 'postgres',
  redshift: 'redshift',
  bigquery: 'bigquery',
  synapse: 'tsql',
  snowflake: 'snowflake',
  iceberg: 'trino',
};

/** T-SQL given to EXEC as text has to parse as well. */
function withInner(sql: string): string[] {
  const inner = [...sql.matchAll(/EXEC\(N?'((?:[^']|'')*)'\)/g)].map(([, text]) => text!.replaceAll("''", "'"));
  return inner.length > 0 ? inner : [sql];
}

/** Statements sqlglot has no grammar for: it hands them through as text. */
const UNKNOWN_TO_PARSER =
  /^(GRANT|COPY INTO|CREATE OR REPLACE PROCEDURE|CALL |CREATE SCHEMA IF NOT EXISTS \S+ AUTHORIZATION|DO \$\$|SET ROLE|RESET ROLE|ALTER DEFAULT PRIVILEGES|CREATE OR REPLACE FUNCTION|CREATE OR REPLACE TRIGGER|RESET |SET client_min_messages|USE ROLE|CREATE (ROLE|USER|WAREHOUSE)|GRANT ROLE)/i;

/** Parses every rendered statement in its dialect; answers how many there were and those that do not parse. */
export function parseLandings(landings: readonly Landing[]): { readonly parsed: number; readonly failures: unknown[] } {
  const items = landings.flatMap((landing) =>
    renderLanding(landing)
      .files.filter((file) => file.path.endsWith('.sql'))
      .flatMap((file) =>
        statements(file.text)
          .flatMap(withInner)
          .map((sql, index) => ({ name: `${landing.name}/${file.path}#${index}`, dialect: DIALECT[landing.settings.kind], sql })),
      ),
  );
  const known = items.filter((item) => !UNKNOWN_TO_PARSER.test(item.sql));
  const answer = execFileSync(pythonWithPackages(), [fileURLToPath(new URL('parse_sql.py', import.meta.url))], {
    input: JSON.stringify(known),
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  return { parsed: known.length, failures: JSON.parse(answer) as unknown[] };
}
