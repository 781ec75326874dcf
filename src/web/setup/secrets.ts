import { dirname, join, relative } from 'node:path';
import type { WebContext } from '../context.ts';
import { textOf, type Form, type FormField } from './form.tsx';

/** The secrets of a form: the references to put into the settings, and the files to write. */
export interface KeptSecrets {
  readonly references: Readonly<Record<string, string>>;
  /** By path. */
  readonly secrets: ReadonlyMap<string, string>;
}

/** A typed secret goes into a file beside the settings; a named variable becomes a reference. An empty field is left out. */
export function secretsOf({ redactor, settingsFile }: WebContext, fields: readonly FormField[], form: Form, owner: string): KeptSecrets {
  const references: Record<string, string> = {};
  const secrets = new Map<string, string>();
  const folder = dirname(settingsFile ?? '.');
  for (const { name } of fields.filter(({ kind }) => kind === 'secret')) {
    const [typed, variable] = [textOf(form, `set.${name}`), textOf(form, `env.${name}`)];
    if (variable !== '') references[name] = `\${${variable}}`;
    else if (typed !== '') {
      redactor.add(typed);
      const path = join(folder, 'secrets', `${owner.replaceAll(/[^A-Za-z0-9_]/g, '_')}_${name}`);
      secrets.set(path, typed);
      references[name] = `\${file:${relative(folder, path)}}`;
    }
  }
  return { references, secrets };
}
