import { editorSchema, isMarked } from '../../config/json-schema.ts';
import { TributaryError } from '../../core/errors.ts';
import type { WebContext } from '../context.ts';
import { putAside } from './secrets.ts';
import type { Change } from './edit-yaml.ts';
import { draft, type Draft } from './settings-file.ts';

/** A place of the settings file to be changed, e.g. `['landings', 'warehouse']`. */
export type Place = readonly ['connections' | 'landings', string];

const deepest = 20;

/**
 * The settings file with a JSON merge patch (RFC 7396) made at a place: what is not named stays as it is written, null takes
 * out. A secret goes into a file of its own; `${NAME}` and `${file:...}` stand as they are.
 * @throws TributaryError `config` with what would be wrong with the file.
 */
export function patched(context: WebContext, place: Place, patch: Readonly<Record<string, unknown>>): Draft {
  const shape = editorSchema(context.sources);
  const secrets = new Map<string, string>();
  const changes: Change[] = [];
  const collect = (path: readonly string[], value: unknown): void => {
    if (path.length > deepest) throw new TributaryError('The settings are nested too deep.', { kind: 'config', code: 'bad_request' });
    if (value === null) changes.push({ path, value: undefined });
    else if (typeof value === 'object' && !Array.isArray(value)) {
      // An empty section is one, too.
      if (Object.keys(value).length === 0 && path.length > place.length) changes.push({ path, value });
      for (const [key, item] of Object.entries(value)) collect([...path, key], item);
    } else if (typeof value === 'string' && isMarked(shape, path, 'secret') && !/^\$\{[^}]+\}$/.test(value))
      changes.push({
        path,
        value: putAside(
          context,
          secrets,
          path
            .filter((part) => part !== 'settings')
            .slice(1)
            .join('_'),
          value,
        ),
      });
    else changes.push({ path, value });
  };
  collect(place, patch);
  if (changes.length === 0) throw new TributaryError('Nothing is to be changed.', { kind: 'config', code: 'bad_request' });
  return draft(context, changes, secrets);
}
