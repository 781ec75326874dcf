import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

test('the warning kafkajs causes on Node 24 is not shown, and every other is', () => {
  const hide = new URL('../../src/core/known-warnings.ts', import.meta.url).href;
  const script = `
    const { hideKnownWarnings } = await import(${JSON.stringify(hide)});
    hideKnownWarnings();
    process.emitWarning('-1795907956816 is a negative number.', 'TimeoutNegativeWarning');
    process.emitWarning('somebody should know', 'OtherWarning');`;
  const { stderr, status } = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], { encoding: 'utf8' });
  expect(status).toBe(0);
  expect(stderr).toContain('OtherWarning: somebody should know');
  expect(stderr).not.toContain('negative');
});
