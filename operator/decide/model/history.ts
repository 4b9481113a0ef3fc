import type { CandidateRevision, CurrentRevision, ModelStatus } from '../../../crds/schema/model.ts';
import { revisionName } from '../../build/model/golden-copy.ts';

type Entry = NonNullable<ModelStatus['history']>[number];

const LONGEST = 10;

/** The history with a success on top. */
export const withSuccess = (history: readonly Entry[] | undefined, current: CurrentRevision): Entry[] =>
  onTop(history, {
    revision: current.revision,
    ...(current.digest === undefined ? {} : { digest: current.digest }),
    verifiedAt: current.verifiedAt ?? '',
    outcome: 'Verified',
  });

/** The history with a failure on top; tries that fail in the same way are one entry, so that they do not push out the rest. */
export function withFailure(history: readonly Entry[] | undefined, candidate: CandidateRevision, at: string): Entry[] {
  const { digest, goldenConfigMap, specHash, reason } = candidate;
  const entry: Entry = {
    revision: digest === undefined ? specHash : revisionName(digest, goldenConfigMap),
    ...(digest === undefined ? {} : { digest }),
    verifiedAt: at,
    outcome: 'Failed',
    ...(reason === undefined ? {} : { reason }),
  };
  const [newest, ...older] = history ?? [];
  const isRepeated = newest?.outcome === 'Failed' && newest.revision === entry.revision && newest.reason === reason;
  return onTop(isRepeated ? older : history, entry);
}

const onTop = (history: readonly Entry[] | undefined, entry: Entry): Entry[] =>
  [entry, ...(history ?? [])].slice(0, LONGEST);
