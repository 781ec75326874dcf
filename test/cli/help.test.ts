import { Help } from 'commander';
import { expect, test } from 'vitest';
import type { CliDeps } from '../../src/cli/app.ts';
import { COMMAND_FILES } from '../../src/cli/commands.ts';
import { createProgram } from '../../src/cli/main.ts';

test('what the help shows of commands that are not loaded is what they say of themselves', async () => {
  const deps = { version: '1', stdout: process.stdout, stderr: process.stderr } as unknown as CliDeps;
  const all = await createProgram(
    deps,
    () => undefined,
    () => true,
  );
  for (const { commands: own } of COMMAND_FILES)
    for (const { name, args, description } of own) {
      const command = all.commands.find((one) => one.name() === name)!;
      expect({ name, term: `${name} ${args}`.trimEnd(), description }).toEqual({
        name,
        term: new Help().subcommandTerm(command),
        description: command.description(),
      });
    }
  expect(all.commands).toHaveLength(COMMAND_FILES.flatMap(({ commands: own }) => own).length);
  const none = await createProgram(
    deps,
    () => undefined,
    () => false,
  );
  expect(none.helpInformation()).toBe(all.helpInformation());
});
