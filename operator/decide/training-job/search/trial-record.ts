import { z } from 'zod';
import type { Scalar } from '../../../../crds/schema/training/program.ts';

/** A value of the objective at a step; null stands for what is no number. */
export type CurvePoint = readonly [step: number, value: number | null];

/** One trial in the ledger: written before its Job is made, for each of its tries, and when it has ended. */
export interface TrialRecord {
  number: number;
  state: 'Running' | 'Succeeded' | 'Failed' | 'Pruned';
  parameters: Record<string, Scalar>;
  /** Number of its try, from 1; a new one after a lost node and the like. */
  attempt: number;
  startedAt: string;
  finishedAt?: string;
  /** The objective. */
  value?: number;
  /** Why it failed, or why its try before failed. */
  reason?: string;
  message?: string;
  /** How the objective went, for the trials that are judged against it. */
  curve?: readonly CurvePoint[];
}

/** Trials that one ConfigMap holds. With a curve of a hundred points each they take a third of what it may hold. */
const CHUNK_SIZE = 100;

/** The ConfigMap that a trial stands in, from 0. */
export const chunkOf = ({ number }: Pick<TrialRecord, 'number'>): number => Math.floor(number / CHUNK_SIZE);

const record = z.object({
  number: z.int().min(0),
  state: z.enum(['Running', 'Succeeded', 'Failed', 'Pruned']),
  parameters: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  attempt: z.int().min(1),
  startedAt: z.string(),
  finishedAt: z.string().exactOptional(),
  value: z.number().exactOptional(),
  reason: z.string().exactOptional(),
  message: z.string().exactOptional(),
  curve: z.array(z.tuple([z.number(), z.number().nullable()])).exactOptional(),
});

/** One JSON object a line, by number. */
export const formatRecords = (records: readonly TrialRecord[]): string =>
  records
    .toSorted((a, b) => a.number - b.number)
    .map((trial) => `${JSON.stringify(trial)}\n`)
    .join('');

/** Reads what formatRecords wrote. Somebody may have edited it: throws an error that names the line. */
export function parseRecords(text: string): TrialRecord[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.map((line, index) => {
    const result = record.safeParse(parseLine(line));
    if (result.success) return result.data;
    throw new Error(`line ${index + 1} is no trial: ${line.slice(0, 200)}`);
  });
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
