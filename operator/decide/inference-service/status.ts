import type { InferenceServiceStatus } from '../../../crds/schema/inference-service.ts';
import { podSelector, serviceGrpcUrl, serviceUrl } from '../../build/inference-service/names.ts';
import { soonest } from '../soonest.ts';
import { decideConditions } from '../conditions.ts';
import { decideFigures, type Figures } from './figures.ts';
import { isReady } from './pods.ts';
import { decideRevisions } from './revisions.ts';
import { firstReportMs, settleCounts } from './settle.ts';
import { decideVerdict, type Situation } from './verdict.ts';

const LONGEST_SENTENCE = 2000;

/** The whole status, and when it could change although nothing happens in the cluster. */
export interface StatusDecision {
  status: InferenceServiceStatus;
  againInMs: number | undefined;
}

/** Puts the status together. `fresh` are the figures just read from the pods, when there are any. */
export function decideStatus(situation: Situation, fresh: Figures | undefined): StatusDecision {
  const { service, now } = situation.facts;
  const conditions = decideConditions(decideVerdict(situation), {
    previous: service.status?.conditions,
    generation: service.metadata.generation,
    now,
  });
  const decided = given<InferenceServiceStatus>({
    observedGeneration: service.metadata.generation,
    conditions,
    ...addresses(situation),
    ...counts(situation),
    revisions: decideRevisions(situation.facts, situation.wanted),
    waitingFor: situation.problem?.message.slice(0, LONGEST_SENTENCE),
    figures: figuresOf(situation, fresh),
  });
  const unreportedMs = firstReportMs(situation.facts, decided);
  if (unreportedMs !== undefined) return { status: service.status ?? {}, againInMs: unreportedMs };
  const settled = settleCounts(service.status, decided, now);
  return { status: settled.status, againInMs: soonest(situation.problem?.againInMs, settled.againInMs) };
}

const addresses = ({ facts, wanted }: Situation) => ({
  url: wanted.revision === undefined ? undefined : serviceUrl(facts.service),
  grpcUrl: wanted.revision === undefined ? undefined : serviceGrpcUrl(facts.service),
  selector: Object.entries(podSelector(facts.service))
    .map(([name, value]) => `${name}=${value}`)
    .join(','),
  modelRevision: wanted.revision?.data.model.revision,
});

const counts = ({ facts }: Situation) => ({
  replicas: facts.pods.length,
  readyReplicas: facts.pods.filter(isReady).length,
});

/** Figures of pods that are gone would be read as live ones. */
const figuresOf = ({ facts }: Situation, fresh: Figures | undefined): Figures | undefined =>
  facts.pods.some(isReady) ? decideFigures(facts.service.status?.figures, fresh, facts.now) : undefined;

/** Leaves out what is undefined: in an applied status a field must be absent, not empty. */
const given = <T extends object>(fields: { [K in keyof T]: T[K] | undefined }): T =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
