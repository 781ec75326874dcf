// Runs the rendered dbt sources in a real dbt on DuckDB: node --import tsx scripts/try-dbt.ts <python with dbt-core and dbt-duckdb>
// By hand, since its packages take longer to install than the tests may: python3 -m venv v && v/bin/pip install 'dbt-core~=1.10.0' 'dbt-duckdb~=1.10.0'
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { renderLanding } from '../src/landing/render.ts';
import { columnList } from '../src/landing/sql/columns.ts';
import { DIALECTS, quoted } from '../src/landing/sql/dialects.ts';
import { LANDINGS } from '../test/landing/landings.ts';

const [python] = process.argv.slice(2);
if (python === undefined) {
  console.error('usage: node --import tsx scripts/try-dbt.ts <python>');
  process.exit(2);
}
const found = LANDINGS.find(({ name }) => name === 'postgres');
if (found === undefined) throw new Error('no landing');
// Without the names that only other warehouses reserve.
const landing = {
  ...found,
  connections: found.connections.map((one) => ({ ...one, tables: one.tables.filter(({ name }) => name !== 'group') })),
};
const { files, connectors } = renderLanding(landing);
const tables = connectors.flatMap((connector) => connector.tables);
const folder = mkdtempSync(join(tmpdir(), 'tributary-dbt-'));
mkdirSync(join(folder, 'models'));
writeFileSync(join(folder, 'models', 'sources.yml'), files.find(({ path }) => path === 'dbt/sources.yml')?.text ?? '');
writeFileSync(
  join(folder, 'dbt_project.yml'),
  'name: landed\nversion: 1.0.0\nprofile: landed\nflags: { send_anonymous_usage_stats: false }\n',
);
writeFileSync(
  join(folder, 'profiles.yml'),
  'landed:\n  target: dev\n  outputs: { dev: { type: duckdb, path: warehouse.duckdb, schema: tributary } }\n',
);

const run = (args: readonly string[]): { code: number | null; text: string } => {
  const { status, stdout, stderr } = spawnSync(python, args, { cwd: folder, encoding: 'utf8' });
  return { code: status, text: stdout + stderr };
};
const sql = (statements: readonly string[]): void => {
  const script = `import duckdb, sys\nc = duckdb.connect('warehouse.duckdb')\nfor s in ${JSON.stringify(statements)}: c.execute(s)`;
  const { code, text } = run(['-c', script]);
  if (code !== 0) throw new Error(text);
};
const dbt = (...args: string[]) => run(['-W', 'ignore', '-m', 'dbt.cli.main', ...args, '--profiles-dir', '.', '--no-use-colors']);
const dialect = DIALECTS.postgres;
const nameOf = (table: string): string => `tributary.${quoted(dialect, table)}`;

try {
  sql([
    'CREATE SCHEMA tributary',
    ...tables.map((table) => `CREATE TABLE ${nameOf(table.name)} (${columnList(dialect, table).join(', ')})`),
    ...tables.map((table) => {
      const keys = table.columns.filter(({ key }) => key);
      const values = keys.map(({ type }) => (type === 'text' ? "'a'" : '1'));
      return `INSERT INTO ${nameOf(table.name)} (${keys.map(({ name }) => quoted(dialect, name)).join(', ')}) VALUES (${values.join(', ')})`;
    }),
  ]);
  const good = dbt('test');
  console.log(good.text.split('\n').slice(-6).join('\n'));
  sql(tables.map((table) => `INSERT INTO ${nameOf(table.name)} SELECT * FROM ${nameOf(table.name)}`));
  const doubled = dbt('test');
  console.log(doubled.text.split('\n').slice(-6).join('\n'));
  const failed = new Set([...doubled.text.matchAll(/FAIL \d+ (\S+)/g)].map(([, test]) => test));
  const unique = [...failed].filter((test) => test?.includes('unique')).length;
  console.log(
    `before: exit ${good.code}; with every row twice: exit ${doubled.code}, ${unique} of ${tables.length} keys told as not unique`,
  );
  process.exitCode = good.code === 0 && doubled.code === 1 && unique === tables.length ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
