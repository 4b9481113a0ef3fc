import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { Session } from '../engine/engine.ts';
import { createOnnxEngine } from '../engine/onnx-engine.ts';
import { generateInputs } from '../protocol/generated-input.ts';
import type { PreparedExample } from '../protocol/golden.ts';
import { parseGolden, prepareExample } from '../protocol/golden.ts';
import { runGenerated, runGolden } from '../serving/run-golden.ts';
import { describeFailure } from '../termination.ts';
import type { Sample } from './measure.ts';
import { measure } from './measure.ts';
import type { ChildMessage, Findings, VerifyJob } from './messages.ts';

const tell = (message: ChildMessage): void => {
  process.send?.(message);
};
const found = (findings: Findings) => tell({ kind: 'found', findings });

/** Runs a model in this process, which exists only for that: it may be killed at any time without harm. */
export async function runVerifyChild(): Promise<number> {
  const received = once(process, 'message');
  tell({ kind: 'ready' });
  const [job] = (await received) as [VerifyJob];
  try {
    await verifyModel(job);
    found({ memoryBytes: process.resourceUsage().maxRSS * 1024 });
    tell({ kind: 'done' });
  } catch (error) {
    found({ memoryBytes: process.resourceUsage().maxRSS * 1024 });
    tell({ kind: 'failed', failure: describeFailure(error, 'LoadFailed') });
  }
  // The channel to the parent would keep this process alive.
  process.disconnect();
  return 0;
}

async function verifyModel({ modelPath, goldenFile, seconds }: VerifyJob): Promise<void> {
  const startedAt = performance.now();
  const session = await createOnnxEngine().open(modelPath);
  found({ loadSeconds: Math.round(performance.now() - startedAt) / 1000 });
  const sample = goldenFile === undefined ? await tryGenerated(session) : await tryGolden(session, goldenFile);
  found(await measure(session, sample, seconds));
}

async function tryGolden(session: Session, goldenFile: string): Promise<Sample> {
  const examples = parseGolden(await readFile(goldenFile, 'utf8'));
  const prepared = examples.map((example) => prepareExample(example, session));
  let passed = 0;
  let firstFailure: unknown;
  for (const example of prepared) {
    const failure = await failureOf(session, example);
    if (failure === undefined) passed += 1;
    firstFailure ??= failure;
  }
  found({ golden: { total: prepared.length, passed } });
  const [first] = prepared;
  if (firstFailure !== undefined || first === undefined) throw firstFailure;
  return first;
}

const failureOf = (session: Session, example: PreparedExample): Promise<unknown> =>
  runGolden(session, example).then(
    () => undefined,
    (error: unknown) => error,
  );

async function tryGenerated(session: Session): Promise<Sample> {
  await runGenerated(session);
  found({ golden: { total: 0, passed: 0 } });
  return { inputs: generateInputs(session.inputs), outputNames: session.outputs.map(({ name }) => name) };
}
