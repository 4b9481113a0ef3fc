import type { TrainingJob } from '../../../crds/schema/training-job.ts';
import type { EndedRun } from '../../../crds/schema/training/status.ts';
import { TrainingReason } from '../../../crds/schema/reasons.ts';
import { RECONCILING, STALLED, type Verdict } from '../conditions.ts';
import { asSentence } from '../words.ts';
import { isHopeless } from './after-failure.ts';
import { RUN_AGAIN } from '../../build/training-job/names.ts';
import { RETRY } from './fingerprint.ts';
import { currentStage, hasSucceeded, isFinished } from './life.ts';
import type { Problem } from '../problem.ts';
import { decideComparison } from './promotion.ts';
import type { Situation } from './situation.ts';

type Check = (situation: Situation) => Verdict | undefined;

const invalid: Check = ({ invalid: message }) =>
  message === undefined ? undefined : { ready: 'False', reason: TrainingReason.InvalidSpec, message, besides: STALLED };

const failed: Check = ({ job, life }) => {
  if (!isFinished(life) || hasSucceeded(life)) return undefined;
  const { name = '', reason = TrainingReason.StageCrashed, message = '' } = currentStage(life) ?? {};
  return {
    ready: 'False',
    reason,
    message: `Stage ${name} of run ${life.run?.number ?? ''} failed: ${asSentence(message)} ${wayOn(job, name)}${keeps(life)}`,
    besides: STALLED,
  };
};

/** How to go on when it is put right outside of the spec. A search has its trials behind it: another one is another run. */
function wayOn({ metadata, spec }: Situation['job'], stage: string): string {
  const isSearch = stage === 'train' && spec.search !== undefined;
  const [what, annotation] = isSearch ? ['search again', RUN_AGAIN] : ['go on from this stage', RETRY];
  return `If it is put right elsewhere, ${what}: kubectl annotate trainingjob ${metadata.name} ${annotation}="$(date)" --overwrite.`;
}

const keeps = ({ artifact }: Situation['life']): string =>
  artifact === undefined ? '' : ` Models keep following what run ${artifact.run} published.`;

const suspended: Check = ({ job: { spec }, life, isLeaving }) => {
  if (!spec.suspend || (isFinished(life) && spec.schedule === undefined)) return undefined;
  const leaving = { reason: TrainingReason.Suspended, message: 'The pods are going away.' };
  return {
    ready: 'True',
    reason: TrainingReason.Suspended,
    message: isFinished(life)
      ? 'The schedule stands still because spec.suspend is true.'
      : 'No pods run because spec.suspend is true; everything else is kept, and goes on from the last finished stage and checkpoint.',
    ...(isLeaving ? { besides: { ...RECONCILING, words: leaving } } : {}),
  };
};

const modelRefused: Check = ({ modelProblem }) => (modelProblem === undefined ? undefined : verdictOf(modelProblem));

const succeeded: Check = ({ job, life }) => {
  const [last] = life.runs;
  if (!isFinished(life) || last === undefined) return undefined;
  const published = last.uri === undefined ? '' : `: ${last.uri}`;
  const message = notBetter(last, life, job) ?? `Run ${last.number} succeeded${published}.`;
  return { ready: 'True', reason: TrainingReason.Succeeded, message };
};

/** What Models follow goes on being better, or was not measured by then. */
function notBetter(last: EndedRun, life: Situation['life'], { spec }: TrainingJob): string | undefined {
  const { artifact } = life;
  if (last.promoted !== false || artifact === undefined) return undefined;
  const { metric } = decideComparison(life, spec);
  const [is = '?', was = '?'] = [last.metrics?.[metric], artifact.metrics?.[metric]];
  return `Run ${last.number} succeeded, but its ${metric} of ${is} is worse than ${was} of run ${artifact.run}, which Models keep following. It is kept at ${last.uri}.`;
}

const hindered: Check = ({ problem }) => (problem === undefined ? undefined : verdictOf(problem));

const verdictOf = ({ reason, message, stalled }: Problem): Verdict => ({
  ready: 'False',
  reason,
  message,
  besides: stalled ? STALLED : RECONCILING,
});

const retried: Check = ({ life }) => {
  const stage = currentStage(life);
  if (stage?.retryAt === undefined) return undefined;
  return {
    ready: 'False',
    reason: stage.reason ?? TrainingReason.Retrying,
    message: `Stage ${stage.name} failed: ${asSentence(stage.message ?? '')} It is tried again at ${stage.retryAt}.`,
    besides: isHopeless(life, stage) ? STALLED : RECONCILING,
  };
};

const hangs: Check = ({ hanging = [], job }) => {
  const [first, ...others] = hanging;
  if (first === undefined) return undefined;
  const rest =
    others.length === 0 ? '' : ` So ${others.length === 1 ? 'does one other' : `do ${others.length} others`}.`;
  return {
    ready: 'False',
    reason: TrainingReason.Stalled,
    message: `A worker hangs, for longer than ${job.spec.stall?.after ?? '10m'}. ${asSentence(first)}${rest} Delete the pod to start the workers again; spec.stall.restart: true does so by itself.`,
    besides: STALLED,
  };
};

const running: Check = ({ life }) => {
  const stage = currentStage(life);
  if (life.run === undefined || stage === undefined) return undefined;
  const by = stage.job === undefined ? '' : ` by Job ${stage.job}`;
  const last = stage.message === undefined ? '' : ` The last try failed: ${asSentence(stage.message)}`;
  return {
    ready: 'False',
    reason:
      stage.state === 'Waiting' && stage.reason !== undefined ? TrainingReason.Restarting : TrainingReason.Running,
    message: `Stage ${stage.name} of run ${life.run.number} is ${stage.state === 'Waiting' ? 'about to start' : 'done'}${by}.${last}`,
    besides: RECONCILING,
  };
};

const checks: readonly Check[] = [
  invalid,
  failed,
  suspended,
  modelRefused,
  succeeded,
  hangs,
  hindered,
  retried,
  running,
];

const PENDING: Verdict = {
  ready: 'False',
  reason: TrainingReason.Starting,
  message: 'The first run is about to start.',
  besides: RECONCILING,
};

/** What the conditions say: the first check that has something to say wins. */
export function decideVerdict(situation: Situation): Verdict {
  for (const check of checks) {
    const verdict = check(situation);
    if (verdict !== undefined) return verdict;
  }
  return PENDING;
}
