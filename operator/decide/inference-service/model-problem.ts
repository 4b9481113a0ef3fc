import { ConditionType, ServiceReason } from '../../../crds/schema/reasons.ts';
import type { Model } from '../../../crds/schema/model.ts';
import { servedModel } from '../../build/inference-service/served-model.ts';
import { findCondition } from '../conditions.ts';
import { asSentence } from '../words.ts';
import type { ServiceFacts } from './facts.ts';
import { afterGrace, type Problem } from '../problem.ts';
import { isImpossible } from './wanted.ts';

/**
 * A Model that is missing may be on its way: GitOps tools apply both objects at once, in any order, and fail the whole sync
 * when one is Stalled. Only after this time is a person needed.
 */
const MODEL_GRACE_MS = 120_000;

/** What is wrong with the Model that the spec names. */
export function modelProblem(facts: ServiceFacts): Problem | undefined {
  if (facts.model === undefined) return modelMissing(facts);
  const served = servedModel(facts.model);
  if (served === undefined) return modelNotVerified(facts.model);
  return isImpossible(served, facts.service.spec.cache?.type) ? noImageVolume(facts.model) : undefined;
}

function modelMissing(facts: ServiceFacts): Problem {
  const { name } = facts.service.spec.model;
  const sinceMs = facts.now.getTime() - missingSince(facts).getTime();
  const message = `Model "${name}" does not exist in namespace ${facts.service.metadata.namespace}; create it, or correct spec.model.name.`;
  return { reason: ServiceReason.ModelNotFound, message, ...afterGrace(sinceMs, MODEL_GRACE_MS) };
}

/** Remembered in the conditions, so that a restart of the operator does not begin to count anew. */
function missingSince({ service, now }: ServiceFacts): Date {
  const { conditions } = service.status ?? {};
  const stalled = findCondition(conditions, ConditionType.Stalled);
  const isStalledForThis =
    stalled?.reason === ServiceReason.ModelNotFound && stalled.observedGeneration === service.metadata.generation;
  if (isStalledForThis) return new Date(0);
  const reconciling = findCondition(conditions, ConditionType.Reconciling);
  return reconciling?.reason === ServiceReason.ModelNotFound ? new Date(reconciling.lastTransitionTime) : now;
}

function modelNotVerified({ metadata, status }: Model): Problem {
  const isCurrent = status?.observedGeneration === metadata.generation;
  const ready = findCondition(status?.conditions, ConditionType.Ready);
  const why = ready === undefined || !isCurrent ? '' : `: ${ready.message}`;
  return {
    reason: ServiceReason.ModelNotVerified,
    message: asSentence(`Model "${metadata.name}" is not verified yet${why}`),
    stalled: isCurrent && findCondition(status?.conditions, ConditionType.Stalled)?.status === 'True',
  };
}

const noImageVolume = ({ metadata, spec, status }: Model): Problem => ({
  reason: ServiceReason.InvalidSpec,
  message: `spec.cache.type is ImageVolume, which needs a model from a registry, but Model "${metadata.name}" comes from ${status?.current?.uri ?? spec.source.uri}; choose Ephemeral or Claim, or publish the model to a registry.`,
  stalled: true,
});
