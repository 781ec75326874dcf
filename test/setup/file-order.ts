import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** What waits longest (for servers that start, sinks, clocks): begun last, each would end alone. `npm test` tells which files these are. */
const LONG = [
  'landing/outage.it',
  'acceptance/crash.it',
  'stack/stack.it',
  'cli/demo.it',
  'listrak/conformance.it',
  'customer-io/conformance.it',
  'monitoring/monitoring.it',
  'segment/conformance.it',
  'web/page.it',
  'pendo/sync.it',
  'pendo/conformance.it',
  'acceptance/outage.it',
  'package/skeleton.it',
  'hostile/fuzz/listrak',
  'hostile/fuzz/customer-io',
  'hostile/fuzz/segment',
  'hostile/fuzz/pendo',
  'hostile/fuzz/klaviyo',
];

/**
 * A process that runs unit files together goes on with the next one only when that follows in the list, so they come in blocks:
 * loading the same modules again for each file took 0.6 s of CPU.
 */
const BLOCK = 20;

/**
 * Integration files wait, unit files compute: taken in turns they share the machine best. Of each kind the long ones begin first,
 * so that none is left alone at the end.
 */
export class FileOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = LONG.findIndex((name) => moduleId.includes(`/test/${name}.`));
      return at < 0 ? LONG.length : at;
    };
    const spread = (kind: readonly TestSpecification[], block: number): { file: TestSpecification; at: number }[] =>
      [...kind]
        .sort((a, b) => rank(a) - rank(b))
        .map((file, index) => ({ file, at: ((Math.floor(index / block) + 0.5) * block) / kind.length }));
    const waits = ({ moduleId }: TestSpecification): boolean => moduleId.includes('.it.test.');
    const together = ({ project }: TestSpecification): boolean => !project.config.isolate;
    return [
      ...spread(sorted.filter(waits), 1),
      ...spread(
        sorted.filter((file) => !waits(file) && !together(file)),
        1,
      ),
      ...spread(
        sorted.filter((file) => !waits(file) && together(file)),
        BLOCK,
      ),
    ]
      .sort((a, b) => a.at - b.at)
      .map(({ file }) => file);
  }
}
