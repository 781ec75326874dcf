import { afterAll, inject } from 'vitest';

const tell = async (what: 'began' | 'ended'): Promise<void> => {
  await fetch(`${inject('stack').controlUrl}/${what}/${process.pid}`, { method: 'POST' });
};

// A set-up file is loaded before the test file, and its hook is the last to run.
await tell('began');
afterAll(() => tell('ended'));
