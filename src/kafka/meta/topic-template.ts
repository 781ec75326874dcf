/** Name of a table's topic if the settings have none. */
export const DEFAULT_TOPIC_TEMPLATE = '{prefix}.{connection}.{table}';

/** Whether a template names the topics of all connections or of one. */
export type TemplateScope = 'all' | 'connection';

type Placeholder = 'prefix' | 'connection' | 'table';

/** Why each placeholder must be there. */
const reasons: Readonly<Record<Placeholder, string>> = {
  prefix: 'two installations on one cluster would write to the same topics; set prefix: to the first part of your names',
  connection: 'two accounts of one source would share their topics',
  table: 'all tables of a connection would share one topic',
};

/** A placeholder, or the text between two. */
const PARTS = /\{([^{}]*)\}|[^{}]+|[{}]/g;

/**
 * Checks a template. Returns the fault as the end of a sentence that begins with the setting, or undefined. A template without a fault
 * gives every table its own name, also tables and connections that are added later.
 */
export function templateFault(template: string, scope: TemplateScope): string | undefined {
  const needed: readonly Placeholder[] = scope === 'all' ? ['prefix', 'connection', 'table'] : ['prefix', 'table'];
  const seen: string[] = [];
  // The text since the last placeholder.
  let between: string | undefined;
  for (const [part, name] of template.matchAll(PARTS)) {
    if (name === undefined) {
      const odd = /[^A-Za-z0-9._-]/.exec(part)?.[0];
      if (odd !== undefined)
        return `has ${odd === '{' || odd === '}' ? `a ${odd} without its other half` : `the character ${JSON.stringify(odd)}, and Kafka accepts letters, digits, ".", "_" and "-" only`}`;
      between = (between ?? '') + part;
      continue;
    }
    if (!Object.hasOwn(reasons, name)) return `has {${name}}; the placeholders are {prefix}, {connection} and {table}`;
    if (seen.includes(name)) return `has {${name}} twice; once is enough`;
    if (seen.length > 0 && !/[.-]/.test(between ?? ''))
      return `has no "." or "-" between {${seen.at(-1)}} and {${name}}, so two tables could get the same name (a_b and c give the same as a and b_c)`;
    seen.push(name);
    between = undefined;
  }
  const missing = needed.find((name) => !seen.includes(name));
  if (missing !== undefined) return `lacks {${missing}}: ${reasons[missing]}`;
  if (template.includes('{prefix}._')) return 'makes names that begin with {prefix}._, which are reserved for the internal topics';
  return undefined;
}

/** Fills a template that has no {@link templateFault}. */
export function fillTemplate(template: string, values: Readonly<Record<Placeholder, string>>): string {
  return template.replaceAll(/\{(prefix|connection|table)\}/g, (_, name: Placeholder) => values[name]);
}
