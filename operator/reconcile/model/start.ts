import type { CandidateRevision, CurrentRevision, SourcedModel } from '../../../crds/schema/model.ts';
import { buildGoldenCopy } from '../../build/model/golden-copy.ts';
import { buildVerificationJob } from '../../build/model/job.ts';
import { specHash } from '../../build/model/spec-hash.ts';
import type { Goal } from '../../decide/model/goal.ts';
import type { Start } from '../../decide/model/start.ts';
import { isNamespaceEnding } from '../../decide/obstacle.ts';
import { timestamp } from '../../decide/times.ts';
import type { ApplyResult, KubeObject } from '../../kube/cluster.ts';
import { keyOf, type ModelDeps } from './deps.ts';
import { turnOf } from './line.ts';
import { readGolden } from './golden.ts';

/** What a verification is started for. */
export interface Attempt {
  model: SourcedModel;
  goal: Goal;
  candidate: CandidateRevision | undefined;
}

/** Starts a verification when it is this Model's turn: the golden copy first, then the Job that mounts it. */
export async function startVerification(attempt: Attempt, deps: ModelDeps): Promise<Start> {
  const golden = await readGolden(attempt.model, attempt.goal, deps.cluster);
  if (golden.kind === 'missing') return { kind: 'goldenMissing', message: golden.message };
  const turn = askForTurn(attempt, deps);
  if (!turn.granted) return { kind: 'queued', ahead: turn.ahead };
  if (golden.kind === 'none') return applyJob(attempt, deps, undefined);
  const copy = buildGoldenCopy(attempt.model, golden.content);
  return explainRefusal(await deps.cluster.apply(copy), copy) ?? applyJob(attempt, deps, copy.metadata.name);
}

function askForTurn(
  { model, goal, candidate }: Attempt,
  { line, now }: ModelDeps,
): { granted: boolean; ahead: number } {
  const since = candidate?.phase === 'Failed' ? undefined : candidate?.startedAt;
  return line.ask(keyOf(model.metadata), turnOf(goal, since ?? timestamp(now())));
}

async function applyJob(attempt: Attempt, deps: ModelDeps, goldenConfigMap: string | undefined): Promise<Start> {
  const { model } = attempt;
  const job = buildVerificationJob({ model, settings: deps.settings, goldenConfigMap, nonce: nonceOf(attempt) });
  const golden = goldenConfigMap === undefined ? {} : { goldenConfigMap };
  return explainRefusal(await deps.cluster.apply(job), job) ?? { kind: 'started', job: job.metadata.name, ...golden };
}

const identityOf = (current: CurrentRevision | undefined) =>
  current && { specHash: current.specHash, verifiedAt: current.verifiedAt, verifiedWith: current.verifiedWith };

/** The same attempt gives the same nonce after a crash; another one never does, not even when the spec flips back. */
const nonceOf = ({ model, candidate }: Attempt) => ({
  generation: model.metadata.generation,
  specHash: specHash(model),
  attempts: candidate?.attempts ?? 0,
  verifiedBefore: identityOf(model.status?.current),
});

function explainRefusal(result: ApplyResult<KubeObject>, desired: KubeObject): Start | undefined {
  const object = `${desired.kind} "${desired.metadata.name}"`;
  switch (result.outcome) {
    case 'unchanged':
    case 'written':
      return undefined;
    case 'nameTaken':
      return { kind: 'nameTaken', object };
    case 'refused':
      return isNamespaceEnding(result.message)
        ? { kind: 'namespaceEnding' }
        : { kind: 'refused', object, reason: result.reason, message: result.message };
  }
}
