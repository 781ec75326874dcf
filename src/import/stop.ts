import { TributaryError } from '../core/errors.ts';

export function stopIf(signal: AbortSignal): void {
  if (signal.aborted) throw new TributaryError('The import was stopped; nothing was sent.', { kind: 'stopped', code: 'import:stopped' });
}
