import { dirname, join, relative } from 'node:path';
import type { WebContext } from '../context.ts';
import { textOf, type Form, type FormField } from './form.tsx';

/** The secrets of a form: the references to put into the settings, and the files to write. */
export interface KeptSecrets {
  readonly references: Readonly<Record<string, string>>;
  /** By path. */
  readonly secrets: ReadonlyMap<string, string>;
}

/** A typed secret goes into a file beside the settings; a named variable stays where it is. An empty field is left out. */
export function secretsOf(context: WebContext, fields: readonly FormField[], form: Form, owner: string): KeptSecrets {
  const references: Record<string, string> = {};
  const secrets = new Map<string, string>();
  for (const { name } of fields.filter(({ kind }) => kind === 'secret')) {
    const [typed, variable] = [textOf(form, `set.${name}`), textOf(form, `env.${name}`)];
    if (variable !== '') references[name] = `\${${variable}}`;
    else if (typed !== '') {
      references[name] = putAside(context, secrets, `${owner}_${name}`, typed);
    }
  }
  return { references, secrets };
}

/** Puts a secret among those to be written; answers what the settings say instead of it. */
export function putAside({ redactor, settingsFile }: WebContext, secrets: Map<string, string>, name: string, secret: string): string {
  redactor.add(secret);
  const folder = dirname(settingsFile ?? '.');
  const path = join(folder, 'secrets', name.replaceAll(/[^A-Za-z0-9_]/g, '_'));
  secrets.set(path, secret);
  return `\${file:${relative(folder, path)}}`;
}
