import type { LandingError } from '../../landing/errors-log.ts';
import type { LandingStatus } from '../../landing/status.ts';
import { warehouseWords } from '../../landing/warehouse-words.ts';
import { plural } from '../../observability/text.ts';
import { defined, NOT_APPLIED, type Problem } from './table-row.ts';

/**
 * Present and past problems of a connector for the drawer: its current state, and what workers have recorded (`noted`,
 * newest first). `at`: when the state was observed, epoch ms.
 */
export function sinkProblems(landing: string, sink: LandingStatus, noted: readonly LandingError[], at: number): Problem[] {
  const { connector, connection, state, tasks, failure, deadLetterTopic, deadLetters } = sink;
  const failed = state === 'FAILED' || tasks.some((task) => task.state === 'FAILED');
  const now = (problem: Pick<Problem, 'summary' | 'code' | 'message' | 'remedy'>): Problem => ({
    at,
    where: 'sink',
    times: 1,
    active: true,
    ...problem,
  });
  const problems: Problem[] = [];
  if (failed) problems.push(now(toldNow(landing, connector, failure ?? '')));
  if (state === 'MISSING') {
    problems.push(
      now({
        code: NOT_APPLIED,
        summary: `The landing ${landing} has no connector ${connector}.`,
        remedy: `Apply the landing: tributary landing apply ${landing}`,
      }),
    );
  }
  if (deadLetters > 0) {
    problems.push(
      now({
        code: 'connect:dead-letters',
        summary: `The warehouse refused ${plural(deadLetters, 'row')} of ${connector}.`,
        remedy: `Look into ${deadLetterTopic}; once the cause is gone: tributary landing reread ${landing} ${connection}.`,
      }),
    );
  }
  return [...problems, ...toldBefore(connector, noted)];
}

function toldNow(landing: string, connector: string, failure: string): Pick<Problem, 'summary' | 'code' | 'message' | 'remedy'> {
  const words = warehouseWords(failure);
  if (words) return { ...words, summary: `${words.summary} (${landing}, ${connector})`, message: failure };
  return {
    summary: `The sink ${connector} of the landing ${landing} has stopped.`,
    code: 'connect:failed',
    ...(failure === '' ? {} : { message: failure }),
    remedy: 'Correct the cause it names, then apply the landing again.',
  };
}

/** One entry for a repeatedly recorded problem. Only the connector's current state tells whether it still lasts. */
function toldBefore(connector: string, noted: readonly LandingError[]): Problem[] {
  const found = new Map<string, Problem>();
  for (const { connector: of, code, message, summary, at } of noted) {
    if (of !== connector) continue;
    const words = warehouseWords(message);
    const known = found.get(`${code} ${message}`);
    const first: Problem = {
      ...{ at, where: 'sink', times: 0, active: false, summary, message },
      code: words?.code ?? code,
      ...defined({ remedy: words?.remedy }),
    };
    found.set(`${code} ${message}`, { ...(known ?? first), times: (known?.times ?? 0) + 1 });
  }
  return [...found.values()];
}
