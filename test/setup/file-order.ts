import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** What waits longest (for servers that start, sinks, clocks): begun last, each would end alone. `npm test` tells which files these are. */
const LONG = [
  'landing/outage.it',
  'acceptance/crash.it',
  'cli/demo.it',
  'web/page.it',
  'acceptance/outage.it',
  'customer-io/conformance.it',
];

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
    const kinds = [true, false].map((waits) =>
      sorted.filter(({ moduleId }) => moduleId.includes('.it.test.') === waits).sort((a, b) => rank(a) - rank(b)),
    );
    return kinds
      .flatMap((kind) => kind.map((file, at) => ({ file, at: (at + 0.5) / kind.length })))
      .sort((a, b) => a.at - b.at)
      .map(({ file }) => file);
  }
}
