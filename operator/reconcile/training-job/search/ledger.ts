import { childMeta } from '../../../build/child-meta.ts';
import { Component, Label } from '../../../build/labels.ts';
import { ledgerName } from '../../../build/training-job/names.ts';
import type { Problem } from '../../../decide/problem.ts';
import {
  chunkOf,
  formatRecords,
  parseRecords,
  type TrialRecord,
} from '../../../decide/training-job/search/trial-record.ts';
import { TrainingReason } from '../../../../crds/schema/reasons.ts';
import { ApiError } from '../../../kube/api-errors.ts';
import type { KubeObject } from '../../../kube/cluster.ts';
import type { SearchContext } from './context.ts';
import { refusalProblem } from './refusal.ts';

type ConfigMap = KubeObject & { data?: Record<string, string> };

/** Key in the ConfigMaps. */
const TRIALS = 'trials.json';
const CONFIG_MAP = { apiVersion: 'v1', kind: 'ConfigMap' } as const;
/** Ledgers of so many runs before this one are kept, as their files are. */
const KEPT_RUNS = 1;

/** All trials of a run, and the ConfigMaps they stand in. */
export interface Ledger {
  trials: readonly TrialRecord[];
  chunks: ReadonlyMap<string, ConfigMap>;
}

const labelsOf = ({ job }: SearchContext) => ({
  [Label.component]: Component.trials,
  [Label.trainingJob]: job.metadata.name,
});

const listChunks = (context: SearchContext): readonly ConfigMap[] =>
  context.cluster.list<ConfigMap>({
    ...CONFIG_MAP,
    namespace: context.job.metadata.namespace,
    ownerUid: context.job.metadata.uid ?? '',
    labels: labelsOf(context),
  });

const runOf = ({ metadata }: KubeObject): number => Number(metadata.labels?.[Label.run]);

/** The ledger as it stands, or why it cannot be read. */
export function readLedger(context: SearchContext): { ledger: Ledger } | { problem: Problem } {
  const chunks = listChunks(context).filter((chunk) => runOf(chunk) === context.run);
  const trials: TrialRecord[] = [];
  for (const { metadata, data } of chunks) {
    try {
      trials.push(...parseRecords(data?.[TRIALS] ?? ''));
    } catch (error) {
      return { problem: unreadable(metadata.name, error) };
    }
  }
  return {
    ledger: {
      trials: trials.toSorted((a, b) => a.number - b.number),
      chunks: new Map(chunks.map((chunk) => [chunk.metadata.name, chunk])),
    },
  };
}

const unreadable = (name: string, error: unknown): Problem => ({
  reason: TrainingReason.InvalidSpec,
  message: `ConfigMap "${name}", which holds the trials, was changed by somebody: ${error instanceof Error ? error.message : String(error)}. Restore it, or delete it to search from there again.`,
  stalled: true,
});

/**
 * Writes the trials that have changed. Each ConfigMap is only written over the version that was read: an operator that
 * has lost its lease meanwhile gets a conflict, and starts no trial twice.
 */
export async function writeLedger(
  context: SearchContext,
  before: Ledger,
  trials: readonly TrialRecord[],
): Promise<Problem | undefined> {
  for (const [number, records] of Map.groupBy(trials, chunkOf)) {
    const problem = await writeChunk(context, before, { number, text: formatRecords(records) });
    if (problem !== undefined) return problem;
  }
  return undefined;
}

async function writeChunk(
  context: SearchContext,
  { chunks }: Ledger,
  { number, text }: { number: number; text: string },
): Promise<Problem | undefined> {
  const { job, run, cluster } = context;
  const name = ledgerName(job, run, number);
  const live = chunks.get(name);
  if (live?.data?.[TRIALS] === text) return undefined;
  if (live === undefined) await requireAbsent(context, name);
  const version = live?.metadata.resourceVersion;
  const meta = childMeta(job, name, { ...labelsOf(context), [Label.run]: String(run) });
  const desired = {
    ...CONFIG_MAP,
    metadata: { ...meta, ...(version === undefined ? {} : { resourceVersion: version }) },
    data: { [TRIALS]: text },
  };
  return refusalProblem(await cluster.apply(desired), desired, job);
}

/** A new ConfigMap has no version to compare: one that the cache does not know yet must not be written over. */
async function requireAbsent({ cluster, job }: SearchContext, name: string): Promise<void> {
  const live = await cluster.read<ConfigMap>({ ...CONFIG_MAP, namespace: job.metadata.namespace, name });
  if (live === undefined || live.metadata.ownerReferences?.[0]?.uid !== job.metadata.uid) return;
  throw new ApiError({ code: 409, reason: 'Conflict', message: `ConfigMap "${name}" has been written meanwhile` });
}

/** Names of the ConfigMaps that hold these trials, in their order. */
export const ledgerNames = ({ job, run }: SearchContext, trials: readonly TrialRecord[]): string[] =>
  [...new Set(trials.map(chunkOf))].map((chunk) => ledgerName(job, run, chunk));

/** Removes the ledgers of runs whose files are gone. */
export async function removeOldLedgers(context: SearchContext): Promise<void> {
  const old = listChunks(context).filter((chunk) => runOf(chunk) < context.run - KEPT_RUNS);
  for (const chunk of old) await context.cluster.remove(chunk);
}
