import { isSecretSetting } from '../core/secret-names.ts';
import { isReference } from './settings.ts';
import type { Connector } from './types.ts';

export interface ConfigChange {
  readonly key: string;
  /** Undefined: the key is added. */
  readonly from?: string;
  /** Undefined: the key is removed. */
  readonly to?: string;
}

export interface ConnectorDiff {
  readonly connector: string;
  readonly kind: 'create' | 'change' | 'same';
  readonly changes: readonly ConfigChange[];
  /** Why it had failed, when it was only restarted. */
  readonly restarted?: string;
}

const SECRET_IN_VALUE = /\/\/[^/@\s:]{1,200}:[^/@\s]{1,500}@|[?&;](password|sig|accountkey)=/i;

/** Compares the connector in Connect with the rendered one. Secret values that are not references are masked. */
export function diffConnector(connector: Connector, current: Readonly<Record<string, string>> | undefined): ConnectorDiff {
  const wanted = connector.config;
  const keys = [...new Set([...Object.keys(current ?? {}), ...Object.keys(wanted)])].filter((key) => key !== 'name').sort();
  const changes = keys
    .filter((key) => current?.[key] !== wanted[key])
    .map((key): ConfigChange => ({ key, ...shown('from', key, current?.[key]), ...shown('to', key, wanted[key]) }));
  return { connector: connector.name, kind: current === undefined ? 'create' : changes.length > 0 ? 'change' : 'same', changes };
}

function shown(side: 'from' | 'to', key: string, value: string | undefined): Partial<ConfigChange> {
  if (value === undefined) return {};
  return { [side]: holdsSecret(key, value) ? '***' : value };
}

/** True for a secret in plain text: the value of a secret setting, or part of an address. */
export function holdsSecret(key: string, value: string): boolean {
  const named = isSecretSetting(key) && value !== '' && !isResolved(value) && !key.endsWith('.source');
  // BigQuery's key file may be given by its content.
  return named || SECRET_IN_VALUE.test(value) || (key === 'keyfile' && value.trimStart().startsWith('{'));
}

/** True for a value that Connect's config providers resolve completely. */
function isResolved(value: string): boolean {
  return value.startsWith('${') && value.endsWith('}') && isReference(value.slice(2, -1));
}

/** The diff as lines for display, like a patch. */
export function describeDiff(diff: ConnectorDiff): string[] {
  if (diff.kind === 'same') return [`  ${diff.connector}: unchanged`];
  const head = diff.kind === 'create' ? `+ ${diff.connector}: new` : `~ ${diff.connector}:`;
  const lines = diff.changes.flatMap((change) => [
    ...(change.from === undefined ? [] : [`    - ${change.key}: ${change.from}`]),
    ...(change.to === undefined ? [] : [`    + ${change.key}: ${change.to}`]),
  ]);
  return [head, ...lines];
}
