import type { InferenceServiceStatus } from '../../../crds/schema/inference-service.ts';
import type { Pod } from '../../build/inference-service/children.ts';
import type { ServiceFacts } from './facts.ts';
import { isReady, revisionOf } from './pods.ts';
import { isSuspended } from './replicas.ts';
import type { Wanted } from './wanted.ts';

type RevisionStatus = NonNullable<InferenceServiceStatus['revisions']>[number];

const MOST_REVISIONS = 10;

/** The revisions that have pods or should have, the wanted one first. */
export function decideRevisions(facts: ServiceFacts, wanted: Wanted): RevisionStatus[] {
  const wantedName = wanted.revision?.metadata.name;
  const others = [...new Set(facts.pods.map(revisionOf))].filter((name) => name !== '' && name !== wantedName).sort();
  const names = [...(wantedName === undefined ? [] : [wantedName]), ...others].slice(0, MOST_REVISIONS);
  const ready = facts.pods.filter(isReady);
  return names.map((name) => ({
    name,
    modelDigest: digestOf(name, facts, wanted),
    percent: ready.length === 0 ? 0 : Math.round((100 * countOf(name, ready)) / ready.length),
    state: stateOf(name, { facts, wantedName, ready }),
  }));
}

const countOf = (name: string, pods: readonly Pod[]): number => pods.filter((pod) => revisionOf(pod) === name).length;

const digestOf = (name: string, { revisions }: ServiceFacts, { revision }: Wanted): string =>
  (revision?.metadata.name === name ? revision : revisions.find(({ metadata }) => metadata.name === name))?.data.model
    .digest ?? '';

interface Context {
  facts: ServiceFacts;
  wantedName: string | undefined;
  ready: readonly Pod[];
}

/** An older revision serves until the wanted one does; from then on it only goes. */
function stateOf(name: string, { facts, wantedName, ready }: Context): RevisionStatus['state'] {
  const isWanted = name === wantedName;
  if (isWanted && isSuspended(facts.service)) return 'Suspended';
  if (isWanted) return countOf(name, ready) > 0 ? 'Serving' : 'Starting';
  const isNeeded = countOf(name, ready) > 0 && countOf(wantedName ?? '', ready) === 0;
  return isNeeded ? 'Serving' : 'Retiring';
}
