import { ServiceReason } from '../../../crds/schema/reasons.ts';
import { RECONCILING, STALLED, type Besides, type Verdict } from '../conditions.ts';
import type { ServiceFacts } from './facts.ts';
import { isReady, revisionOf } from './pods.ts';
import type { ServiceProblem } from './problem.ts';
import { wantedPodsByName } from './problem.ts';
import { isSuspended, wantedPods } from './replicas.ts';
import type { Wanted } from './wanted.ts';

/** Everything that the conditions follow from. */
export interface Situation {
  facts: ServiceFacts;
  wanted: Wanted;
  problem: ServiceProblem | undefined;
}

/** Ready is true exactly while a pod of the asked revision answers its golden request, or while no pods are asked for. */
export function decideVerdict(situation: Situation): Verdict {
  if (isSuspended(situation.facts.service)) return suspended(situation);
  return isServing(situation) ? serving(situation) : notServing(situation);
}

/** Whether a pod of the asked revision answers. */
const isServing = ({ facts, wanted }: Situation): boolean =>
  wanted.isAsked && wantedPodsByName(facts, wanted).some(isReady);

function suspended({ facts, problem }: Situation): Verdict {
  const why = facts.service.spec.suspend ? 'spec.suspend is true' : 'spec.replicas is 0';
  return {
    ready: 'True',
    reason: ServiceReason.Suspended,
    message: `No pods run because ${why}; everything else is kept.`,
    ...given(problem === undefined ? podsLeaving(facts) : besidesOf(problem)),
  };
}

const podsLeaving = ({ pods }: ServiceFacts): Besides | undefined =>
  pods.length === 0
    ? undefined
    : { ...RECONCILING, words: { reason: ServiceReason.Suspended, message: 'The pods are going away.' } };

const given = (besides: Besides | undefined): Pick<Verdict, 'besides'> => (besides === undefined ? {} : { besides });

function serving(situation: Situation): Verdict {
  const { wanted, problem } = situation;
  const model = wanted.revision?.data.model.name ?? '';
  const answers = `Revision ${wanted.revision?.metadata.name} of Model "${model}" answers its golden request.`;
  return {
    ready: 'True',
    reason: ServiceReason.Serving,
    message: problem === undefined || problem.isOfPod === true ? answers : `${answers} ${problem.message}`,
    ...given(besidesServing(situation)),
  };
}

/** What goes on beside serving. */
function besidesServing(situation: Situation): Besides | undefined {
  const { problem } = situation;
  if (problem !== undefined && problem.isOfPod !== true) return besidesOf(problem);
  if (hasOlderPods(situation)) {
    const message = problem?.message ?? 'Older pods are replaced.';
    return { ...RECONCILING, words: { reason: ServiceReason.RollingOut, message } };
  }
  if (!lacksPods(situation)) return undefined;
  const starting = { reason: ServiceReason.Starting, message: 'More pods start.' };
  return { ...RECONCILING, words: problem === undefined ? starting : wordsOf(problem) };
}

const hasOlderPods = ({ facts, wanted }: Situation): boolean =>
  facts.pods.some((pod) => revisionOf(pod) !== wanted.revision?.metadata.name);

/** Pods that an autoscaler adds are its daily work, and no rollout. */
const lacksPods = ({ facts, wanted }: Situation): boolean =>
  facts.service.spec.scaling === undefined &&
  wantedPodsByName(facts, wanted).filter(isReady).length < wantedPods(facts.service, facts.deployment);

const besidesOf = (problem: ServiceProblem): Besides => ({
  ...(problem.stalled ? STALLED : RECONCILING),
  words: wordsOf(problem),
});

const wordsOf = ({ reason, message }: ServiceProblem) => ({ reason, message });

function notServing({ facts, wanted, problem }: Situation): Verdict {
  const older = olderServing(facts, wanted);
  const reason = problem?.reason ?? (older === undefined ? ServiceReason.Starting : ServiceReason.RollingOut);
  const starting = `The pods of revision ${wanted.revision?.metadata.name} are starting.`;
  const message = `${problem?.message ?? starting}${older === undefined ? '' : ` Revision ${older} keeps serving.`}`;
  return {
    ready: 'False',
    reason,
    message,
    besides: problem?.stalled === true ? STALLED : RECONCILING,
  };
}

/** The revision that answers although it is not the asked one. */
function olderServing({ pods }: ServiceFacts, { revision, isAsked }: Wanted): string | undefined {
  const others = pods.filter((pod) => isReady(pod) && (!isAsked || revisionOf(pod) !== revision?.metadata.name));
  return others.map(revisionOf).sort()[0];
}
