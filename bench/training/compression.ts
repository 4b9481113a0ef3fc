import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { PROJECT, run } from '../../hack/install/programs.ts';

const candidate = z.object({
  kind: z.string(),
  sizeBytes: z.number().optional(),
  packedBytes: z.number().optional(),
  p50LatencyMs: z.number().optional(),
  originalP50LatencyMs: z.number().optional(),
  metric: z.string().optional(),
  value: z.number().optional(),
  largestDifference: z.number().optional(),
  accepted: z.boolean().optional(),
  reason: z.string().optional(),
});
const report = z.object({
  original: z.object({ sizeBytes: z.number(), packedBytes: z.number(), metric: z.string(), value: z.number() }),
  rows: z.number(),
  candidates: z.array(candidate),
});
const answer = z.record(z.string(), z.array(report));

/** The reports of the role compress, by model: one for each way that was asked for. */
export type CompressionFigures = z.output<typeof answer>;

const PROGRAM = 'compression.py';
const DATA = join(PROJECT, 'docs', 'tutorials', 'training', 'data');

/** What the program printed: the roles' own words come before, on another stream. */
export const readFigures = (text: string): CompressionFigures => answer.parse(JSON.parse(text));

/** Trains two small networks in the toolkit image, and compresses each in every way. */
export async function measureCompression(say: (text: string) => void): Promise<CompressionFigures> {
  say('compression: train a convolutional network and a transformer, and compress them');
  const scratch = mkdtempSync(join(tmpdir(), 'aimass-bench-compression-'));
  try {
    copyFileSync(join(import.meta.dirname, PROGRAM), join(scratch, PROGRAM));
    for (const name of ['digits.npz', 'reviews.jsonl']) copyFileSync(join(DATA, name), join(scratch, name));
    const command = ['--shell', 'python3', `/scratch/${PROGRAM}`];
    const env = { ...process.env, AIMASS_SCRATCH: scratch };
    return readFigures(await run(join(PROJECT, 'hack', 'toolkit-test.sh'), command, { env }));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
