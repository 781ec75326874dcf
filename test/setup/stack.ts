import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import type { TestProject } from 'vitest/node';
import { startStack } from '../../src/stack/stack.ts';
import type { Stack } from '../../src/stack/stack.ts';
import { sweepTopics, type TopicSweep } from './topic-sweep.ts';

/** What every integration test gets by `inject('stack')`. It is shared: use topic names and schemas of your own. */
export interface SharedStack {
  brokers: string[];
  registryUrl: string;
  postgres: Stack['postgres'];
  /** Used by `startSharedConnect` of shared-stack.ts and by file-told.ts. */
  controlUrl: string;
}

declare module 'vitest' {
  export interface ProvidedContext {
    stack: SharedStack;
  }
}

/** Starts one stack for all integration test files, in the process that outlives them. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  // While developing: tests run against a stack that stays up (scripts/dev-stack.ts --connect --fast >file).
  const running = process.env['TRIBUTARY_TEST_STACK'];
  if (running !== undefined) return useRunningStack(project, running);
  const dir = await mkdtemp(join(tmpdir(), 'tributary-test-'));
  const died: string[] = [];
  const stack = await startStack({ dir, topicDefaults: 'fast', onPartDied: (_part, error) => died.push(error.message) });
  tellLogin(stack.login);
  // Kafka Connect is slow and large: started when the first test asks for it.
  let connect: Promise<string> | undefined;
  const admin = new Kafka({
    clientId: 'tributary-sweep',
    brokers: stack.brokers,
    sasl: { mechanism: 'plain', ...stack.login },
    logLevel: logLevel.NOTHING,
  }).admin();
  await admin.connect();
  const sweep = sweepTopics({
    list: () => admin.listTopics(),
    delete: (names) => admin.deleteTopics({ topics: [...names], timeout: 60_000 }),
  });
  const control = await serveControl(() => (connect ??= stack.startConnect()), sweep);
  project.provide('stack', {
    brokers: stack.brokers,
    registryUrl: stack.registryUrl,
    postgres: stack.postgres,
    controlUrl: control.url,
  });
  return async () => {
    control.close();
    await sweep.idle();
    await admin.disconnect();
    await stack.stop();
    await rm(dir, { recursive: true, force: true });
    if (died.length > 0) throw new Error(`the shared stack did not survive the tests: ${died.join('; ')}`);
  };
}

/** By the environment of this process, which the tests' processes and those they start inherit. */
function tellLogin(login: Stack['login'] | undefined): void {
  process.env['TRIBUTARY_TEST_LOGIN'] = login === undefined ? '' : JSON.stringify(login);
}

async function useRunningStack(project: TestProject, file: string): Promise<() => Promise<void>> {
  const { brokers, registryUrl, postgres, connectUrl, login } = JSON.parse(
    (await readFile(file, 'utf8')).split('\n')[0] ?? '',
  ) as SharedStack & { connectUrl?: string; login?: Stack['login'] };
  tellLogin(login);
  const control = await serveControl(async () => {
    if (connectUrl === undefined) throw new Error('the running stack was started without --connect');
    return connectUrl;
  });
  project.provide('stack', { brokers, registryUrl, postgres, controlUrl: control.url });
  return async () => control.close();
}

/** Where the tests' processes ask for Kafka Connect and say which file begins and ends. */
async function serveControl(connect: () => Promise<string>, sweep?: TopicSweep): Promise<{ readonly url: string; close(): void }> {
  const server = createServer((request, response) => {
    // A file may take minutes: a kept connection could be closed here just when the file tells its end.
    response.setHeader('connection', 'close');
    const [, what, worker = ''] = (request.url ?? '').split('/');
    if (what === 'began' || what === 'ended') {
      sweep?.[what](worker);
      response.end();
      return;
    }
    connect().then(
      (url) => response.end(url),
      (error) => {
        response.statusCode = 500;
        response.end(String(error));
      },
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
