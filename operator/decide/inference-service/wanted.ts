import type { Revision } from '../../build/inference-service/children.ts';
import { buildRevision, buildRevisionData, revisionName } from '../../build/inference-service/revision.ts';
import { servedModel, type ServedModel } from '../../build/inference-service/served-model.ts';
import { Label } from '../../build/labels.ts';
import type { Settings } from '../../settings.ts';
import type { ServiceFacts } from './facts.ts';

/** The revision that must run. */
export interface Wanted {
  /** Undefined while nothing is known that could run. */
  revision: Revision | undefined;
  /** Whether it is what the spec asks for; false when an older one runs on because the model of the spec cannot be served. */
  isAsked: boolean;
}

/**
 * Chooses the revision. While the Model cannot be read, what was frozen of it is enough: what serves keeps serving, and
 * other changes of the spec still roll out.
 */
export function decideWanted(facts: ServiceFacts, settings: Settings): Wanted {
  const running = runningRevision(facts);
  const model = modelToServe(facts, running);
  if (model === undefined) return { revision: running, isAsked: false };
  return { revision: frozenOrNew({ facts, model, settings }), isAsked: true };
}

/** The revision whose pods the Deployment makes now. */
export function runningRevision({ deployment, revisions }: ServiceFacts): Revision | undefined {
  const name = deployment?.spec.template.metadata?.labels?.[Label.revision];
  return revisions.find(({ metadata }) => metadata.name === name);
}

/** The Model's verified revision, or what is remembered of it; undefined when neither is there. */
function modelToServe({ service, model }: ServiceFacts, running: Revision | undefined): ServedModel | undefined {
  const verified = model === undefined ? undefined : servedModel(model);
  if (verified !== undefined && !isImpossible(verified, service.spec.cache?.type)) return verified;
  return running?.data.model.name === service.spec.model.name ? running.data.model : undefined;
}

/** Only registries offer image volumes. */
export const isImpossible = ({ uri }: ServedModel, cacheType: string | undefined): boolean =>
  cacheType === 'ImageVolume' && !uri.startsWith('oci://');

interface Choice {
  facts: ServiceFacts;
  model: ServedModel;
  settings: Settings;
}

/** A revision that was seen before keeps its pods to the last byte, whatever operator or settings look at it now. */
function frozenOrNew({ facts, model, settings }: Choice): Revision {
  const { service, revisions } = facts;
  const name = revisionName(service, model);
  const frozen = revisions.find(({ metadata }) => metadata.name === name);
  if (frozen !== undefined) return frozen;
  const newest = Math.max(0, ...revisions.map(({ revision }) => revision));
  return buildRevision(service, buildRevisionData(service, model, settings), newest + 1);
}
