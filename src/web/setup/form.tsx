/** @jsxRuntime automatic @jsxImportSource hono/jsx */
import type { JsonSchema } from '../../config/json-schema.ts';
import { TributaryError } from '../../core/errors.ts';

/** A setting as a form field. */
export interface FormField {
  readonly name: string;
  readonly kind: 'text' | 'secret' | 'number' | 'choice' | 'yes-no' | 'lines' | 'numbers';
  readonly choices: readonly string[];
  readonly needed: boolean;
  readonly doc: string;
  readonly standard?: string;
}

/** The fields of a settings schema; nested sections can be changed only in the file. */
export function fieldsOf(shape: JsonSchema, without: readonly string[] = []): FormField[] {
  const required = Array.isArray(shape['required']) ? (shape['required'] as string[]) : [];
  return Object.entries(shape.properties ?? {}).flatMap(([name, field]): FormField[] => {
    const kind = kindOf(field);
    if (kind === undefined || without.includes(name)) return [];
    const standard = field['default'];
    return [
      {
        name,
        kind,
        choices: Array.isArray(field['enum']) ? field['enum'].map(String) : [],
        needed: required.includes(name) && standard === undefined,
        doc: typeof field['description'] === 'string' ? field['description'] : '',
        ...(standard === undefined || typeof standard === 'object' ? {} : { standard: String(standard) }),
      },
    ];
  });
}

function kindOf(field: JsonSchema): FormField['kind'] | undefined {
  if (field.secret === true) return 'secret';
  if (Array.isArray(field['enum'])) return 'choice';
  switch (field.type) {
    case 'string':
      return 'text';
    case 'integer':
    case 'number':
      return 'number';
    case 'boolean':
      return 'yes-no';
    case 'array':
      return field.items?.type === 'integer' ? 'numbers' : 'lines';
    default:
      return undefined;
  }
}

/** The submitted values, by the names of the inputs. */
export type Form = Readonly<Record<string, unknown>>;

/** One input's text; several of one name are lines. Browsers end lines by two characters. */
export function textOf(form: Form, name: string): string {
  const typed = form[name];
  const text = Array.isArray(typed) ? typed.map(String).join('\n') : typeof typed === 'string' ? typed : '';
  return text.replaceAll('\r\n', '\n').trim();
}

/** Whether a field holds anything but its default: then it is not hidden. */
export const changed = ({ name, standard }: FormField, form: Form): boolean => !['', standard].includes(textOf(form, `set.${name}`));

/** The form filled in from existing settings. Of a secret, only its reference is shown, never its value. */
export function prefilled(fields: readonly FormField[], settings: Readonly<Record<string, unknown>>): Record<string, string> {
  const form: Record<string, string> = {};
  for (const { name, kind } of fields) {
    const value = settings[name];
    if (value === undefined || value === null) continue;
    if (kind === 'secret')
      form[`kept.${name}`] = typeof value === 'string' && /^\$\{[^}]+\}$/.test(value) ? value : 'the one in the settings file';
    else if (Array.isArray(value)) form[`set.${name}`] = value.map(String).join('\n');
    else if (typeof value !== 'object') form[`set.${name}`] = String(value);
  }
  return form;
}

/** Values that differ from `before`, as settings; undefined where a field was emptied. Without secrets. */
export function changedSettings(fields: readonly FormField[], form: Form, before: Form = {}): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const { name, kind, standard } of fields) {
    const text = textOf(form, `set.${name}`);
    const was = textOf(before, `set.${name}`);
    // A value equal to the default is left out, unless it replaces another value.
    if (kind === 'secret' || text === was || (was === '' && text === standard)) continue;
    if (text === '') values[name] = undefined;
    else if (kind === 'number') values[name] = number(name, text);
    else if (kind === 'yes-no') values[name] = text === 'true';
    else if (kind === 'lines') values[name] = lines(text);
    else if (kind === 'numbers') values[name] = lines(text).map((line) => number(name, line));
    else values[name] = text;
  }
  return values;
}

const lines = (text: string): string[] =>
  text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter(Boolean);

function number(name: string, text: string): number {
  const value = Number(text);
  if (Number.isFinite(value)) return value;
  throw new TributaryError(`${name} must be a number, not "${text}".`, { kind: 'config' });
}

export function Field({ field, value, kept = '' }: { field: FormField; value?: string | undefined; kept?: string }) {
  const { name, kind, choices, needed, doc, standard } = field;
  const set = `set.${name}`;
  const hint = <small>{doc}</small>;
  if (kind === 'choice' || kind === 'yes-no') {
    const options = kind === 'choice' ? choices : ['true', 'false'];
    return (
      <label>
        {name}
        <select name={set}>
          {standard === undefined ? <option value="">not set</option> : null}
          {options.map((option) => (
            <option value={option} selected={option === (value || standard)}>
              {kind === 'yes-no' ? (option === 'true' ? 'yes' : 'no') : option}
            </option>
          ))}
        </select>
        {hint}
      </label>
    );
  }
  if (kind === 'lines' || kind === 'numbers') {
    return (
      <label>
        {name} (one per line)
        <textarea name={set}>{value ?? ''}</textarea>
        {hint}
      </label>
    );
  }
  if (kind === 'secret') {
    return (
      <fieldset>
        <legend>{name}</legend>
        <label>
          Value <input type="password" name={set} autocomplete="new-password" />
          <small>
            {doc} It is never shown again; it goes into a file only its owner may read.
            {kept === '' ? '' : ` Left empty, what is used now stays: ${kept}.`}
          </small>
        </label>
        <label>
          or the environment variable that holds it <input type="text" name={`env.${name}`} autocomplete="off" placeholder="NAME" />
        </label>
      </fieldset>
    );
  }
  return (
    <label>
      {name}
      {needed ? ' *' : ''}
      <input
        type="text"
        name={set}
        required={needed}
        value={value ?? ''}
        placeholder={standard ?? ''}
        autocomplete="off"
        {...(kind === 'number' ? { inputmode: 'numeric' as const } : {})}
      />
      {hint}
    </label>
  );
}
