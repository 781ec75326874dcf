import type { Path } from './yaml-file.ts';

/** Where the values of `${NAME}` and `${file:/path}` come from. */
export interface PlaceholderSources {
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Returns the text of a file; throws when it cannot be read. */
  readFile(path: string): string;
}

export interface Problem {
  readonly path: Path;
  readonly text: string;
}

export interface Resolved {
  readonly value: unknown;
  /** Every value that came from outside the file, with the setting it was inserted into. */
  readonly inserted: readonly { readonly path: Path; readonly value: string }[];
  readonly problems: readonly Problem[];
}

const placeholder = /\$\$\{|\$\{([^}]*)\}|\$\{/g;

/**
 * Replaces the placeholders in every text value. `$${` stands for a literal `${`. A placeholder that cannot be replaced
 * stays as it is and is reported as a problem that names the variable or file.
 */
export function resolvePlaceholders(value: unknown, sources: PlaceholderSources): Resolved {
  const inserted: { path: Path; value: string }[] = [];
  const problems: Problem[] = [];

  function lookUp(name: string, path: Path): string | undefined {
    if (name.startsWith('file:')) {
      const file = name.slice(5);
      try {
        return sources.readFile(file).replace(/\r?\n$/, '');
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code;
        problems.push({ path, text: `the file ${file} cannot be read${code ? ` (${code})` : ''}; create it or correct the path` });
        return undefined;
      }
    }
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      problems.push({
        path,
        text: `\${${name}} is not a placeholder; write \${NAME} for an environment variable or \${file:/path} for a file`,
      });
      return undefined;
    }
    const found = sources.variables[name];
    if (found === undefined || found === '') {
      problems.push({
        path,
        text: `the environment variable ${name} is not set; set it (or put ${name}=... into .env beside the settings)`,
      });
      return undefined;
    }
    return found;
  }

  function walk(node: unknown, path: Path): unknown {
    if (typeof node === 'string') {
      return node.replaceAll(placeholder, (whole, name: string | undefined) => {
        if (whole === '${') {
          problems.push({ path, text: 'holds ${ without the closing }; add it, or write $${ for these two characters themselves' });
          return whole;
        }
        if (name === undefined) return '${';
        const found = lookUp(name, path);
        if (found === undefined) return whole;
        inserted.push({ path, value: found });
        return found;
      });
    }
    if (Array.isArray(node)) return node.map((item, index) => walk(item, [...path, index]));
    if (typeof node === 'object' && node !== null) {
      return Object.fromEntries(Object.entries(node).map(([key, item]) => [key, walk(item, [...path, key])]));
    }
    return node;
  }

  return { value: walk(value, []), inserted, problems };
}
