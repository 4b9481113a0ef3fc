import type { Outcome } from './run-step.ts';
import type { Step } from './steps.ts';

const AT_A_TIME = 2;

/** Runs steps in their order, two at a time where they allow it. A step whose forerunner failed is skipped. */
export function runSteps(
  steps: readonly Step[],
  runOne: (step: Step) => Promise<Outcome>,
  interrupted?: AbortSignal,
): Promise<Outcome[]> {
  const waiting = [...steps];
  const running = new Set<Step>();
  const outcomes: Outcome[] = [];
  return new Promise((resolve, reject) => {
    const advance = (): void => {
      for (
        let step = nextStep(waiting, running, outcomes);
        step !== undefined;
        step = nextStep(waiting, running, outcomes)
      ) {
        waiting.splice(waiting.indexOf(step), 1);
        start(step);
      }
      if (waiting.length === 0 && running.size === 0) resolve(outcomes);
    };
    const start = (step: Step): void => {
      if (interrupted?.aborted === true) {
        outcomes.push(skipped(step, 'the run was interrupted'));
        return;
      }
      const missed = outcomes.find(({ step: { name }, state }) => step.after.includes(name) && state !== 'passed');
      if (missed !== undefined) {
        outcomes.push(skipped(step, `"${missed.step.name}" did not pass`));
        return;
      }
      running.add(step);
      runOne(step).then((outcome) => {
        running.delete(step);
        outcomes.push(outcome);
        advance();
      }, reject);
    };
    advance();
  });
}

/** What may start now: the first waiting step whose forerunners are done. One that wants to be alone lets none pass it. */
function nextStep(
  waiting: readonly Step[],
  running: ReadonlySet<Step>,
  outcomes: readonly Outcome[],
): Step | undefined {
  if (running.size >= AT_A_TIME || [...running].some(({ alone }) => alone === true)) return undefined;
  const done = new Set(outcomes.map(({ step }) => step.name));
  const known = new Set([...waiting, ...running].map(({ name }) => name));
  const step = waiting.find(({ after }) => after.every((name) => done.has(name) || !known.has(name)));
  return step?.alone === true && running.size > 0 ? undefined : step;
}

function skipped(step: Step, remark: string): Outcome {
  const count = { passed: 0, failed: 1, skipped: 0, failures: [{ name: `${step.name}: skipped, because ${remark}` }] };
  return { step, state: 'skipped', count, seconds: 0, logPath: '', remark };
}
