import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { sourceName } from '../../config/own-sources.ts';
import { TributaryError } from '../../core/errors.ts';
import { camel, pascal } from '../../record/types/columns.ts';
import type { Register } from '../app.ts';

export function addNew(program: Command, run: Register): void {
  program
    .command('new')
    .description('write a working skeleton of your own source')
    .command('source')
    .description('a source with one table, a vendor to test it against, and its test')
    .argument('<name>', 'its name in settings, topics and metrics')
    .option('--out <folder>', 'where it goes (default: a folder of its name)')
    .addHelpText('after', '\nExample:\n  $ tributary new source acme\n  $ cd acme && npm install && npm test')
    .action(
      run((cli, name: string, options: { out?: string }) => {
        if (!sourceName.test(name))
          throw wrong(
            `A source cannot be called ${JSON.stringify(name)}.`,
            'Lower-case letters, digits and underscores only, a letter first.',
          );
        if (cli.deps.sources.some((source) => source.name === name))
          throw wrong(`Tributary brings a source ${name} itself.`, 'Give yours another name.');
        const folder = resolve(cli.deps.cwd, options.out ?? name);
        const files = skeleton(name, cli.deps.version, existsSync(join(folder, 'package.json')));
        const there = Object.keys(files).filter((file) => existsSync(join(folder, file)));
        if (there.length > 0)
          throw wrong(`${there.join(', ')} in ${folder} would be overwritten; nothing was written.`, 'Choose another folder with --out.');
        for (const [file, text] of Object.entries(files)) {
          mkdirSync(dirname(join(folder, file)), { recursive: true });
          writeFileSync(join(folder, file), text, { flag: 'wx' });
        }
        const where = relative(cli.deps.cwd, folder) || '.';
        cli.say(
          `Wrote into ${where}:\n${Object.keys(files)
            .map((file) => `  ${file}`)
            .join('\n')}`,
        );
        if (!existsSync(join(root(), 'dist', 'exports', 'source.js')))
          cli.say(`First, because this Tributary is a checkout that was not built: cd ${root()} && npm run build`);
        cli.say(`Try it: cd ${where} && npm install && npm test\nWhat to change where: docs/sources.md of Tributary.`);
      }),
    );
}

const templates = ['acme.ts', 'acme-vendor.ts', 'acme.test.ts'] as const;

/** Names used in the skeleton itself, and reserved words. */
const taken = new Set(
  'api item items json key next page paged read settings source sources start startvendor table tables test testsource text timestamp integer fullscan url vendor z zod break case catch class const continue debugger default delete do else enum export extends false finally for function if import in instanceof new null return static super switch this throw true try typeof var void while with yield let await async arguments eval undefined'.split(
    ' ',
  ),
);

function skeleton(name: string, version: string, hasPackage: boolean): Record<string, string> {
  const kebab = name.replaceAll('_', '-').replace(/-+$/, '');
  const constant = taken.has(camel(name).toLowerCase()) ? `${camel(name)}Source` : camel(name);
  const renamed = (text: string): string =>
    text
      .replaceAll("'acme'", `'${name}'`)
      .replace(/acme(?=-|\.(ts|test|example)\b)/g, kebab)
      .replace(/\bacme\b/g, constant)
      .replaceAll('Acme', pascal(name));
  const files = Object.fromEntries(
    templates.map((file) => [file.replace('acme', kebab), renamed(readFileSync(templateFile(file), 'utf8'))]),
  );
  return {
    ...files,
    'tributary.yaml': `sources:
  ${name}: ./${kebab}.ts
connections:
  ${name}:
    settings:
      api_key: \${${name.toUpperCase()}_API_KEY}
`,
    ...(hasPackage
      ? {}
      : {
          'package.json': `${JSON.stringify(
            {
              private: true,
              type: 'module',
              scripts: { test: `node --import tsx --test ${kebab}.test.ts`, types: 'tsc --noEmit' },
              dependencies: { tributary: ownPackage(version) },
              devDependencies: { '@types/node': '^20.19.0', tsx: '^4.19.0', typescript: '>=5.7' },
            },
            null,
            2,
          )}\n`,
          'tsconfig.json': `${JSON.stringify(
            {
              compilerOptions: {
                target: 'ES2022',
                module: 'NodeNext',
                strict: true,
                exactOptionalPropertyTypes: true,
                verbatimModuleSyntax: true,
                erasableSyntaxOnly: true,
                allowImportingTsExtensions: true,
                skipLibCheck: true,
                types: ['node'],
                noEmit: true,
              },
              include: ['*.ts'],
            },
            null,
            2,
          )}\n`,
        }),
  };
}

/**
 * What `npm install` has to fetch to get this very Tributary: the version, where it came from the registry, otherwise the checkout
 * or the packed file it came from.
 */
function ownPackage(version: string): string {
  const modules = dirname(root());
  if (basename(modules) !== 'node_modules') return `file:${root()}`;
  try {
    const lock = JSON.parse(readFileSync(join(modules, '.package-lock.json'), 'utf8')) as {
      packages: Readonly<Record<string, { readonly resolved?: string }>>;
    };
    const { resolved = '' } = lock.packages[`node_modules/${basename(root())}`] ?? {};
    if (resolved.startsWith('file:')) return `file:${resolve(dirname(modules), resolved.slice('file:'.length))}`;
  } catch {
    // Another package manager installed it.
  }
  return `^${version}`;
}

/** The folder of this program's package. */
const root = (): string => dirname(dirname(dirname(templateFile('acme.ts'))));

/** Reads a file of `templates/source`; works from the sources and from the build. */
function templateFile(name: string): string {
  for (const up of ['../../../', '../../../../']) {
    const path = fileURLToPath(new URL(`${up}templates/source/${name}`, import.meta.url));
    if (existsSync(path)) return path;
  }
  throw new TributaryError(`The template ${name} is missing.`, { kind: 'internal', remedy: 'Install Tributary again.' });
}

function wrong(message: string, remedy: string): TributaryError {
  return new TributaryError(message, { kind: 'config', code: 'new', remedy });
}
