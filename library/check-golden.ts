import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createOnnxEngine } from '../runtime/engine/onnx-engine.ts';
import { findMismatch } from '../runtime/protocol/compare-golden.ts';
import { parseGolden, prepareExample } from '../runtime/protocol/golden.ts';
import { LIBRARY, readEntries } from './entries.ts';

/** How an entry answered its golden examples, run as the runtime runs it. */
export interface GoldenCheck {
  name: string;
  examples: number;
  largestBatch: number;
  /** Outputs that no example names: nothing would notice if they were wrong. */
  unchecked: string[];
  problems: string[];
}

async function checkEntry(name: string): Promise<GoldenCheck> {
  const session = await createOnnxEngine(1).open(path.join(LIBRARY, name, 'model.onnx'));
  try {
    const examples = parseGolden(readFileSync(path.join(LIBRARY, name, 'golden.json'), 'utf8'));
    const named = new Set(examples.flatMap(({ expected }) => expected.map((output) => output.name)));
    const problems: string[] = [];
    for (const example of examples) {
      const { inputs, outputNames } = prepareExample(example, session);
      const mismatch = findMismatch(example, await session.run(inputs, outputNames));
      if (mismatch !== undefined) problems.push(`${example.name}: ${mismatch.output} ${mismatch.problem}`);
    }
    return {
      name,
      examples: examples.length,
      largestBatch: Math.max(...examples.map(({ request }) => request.inputs[0]?.shape[0] ?? 0)),
      unchecked: session.outputs.map((output) => output.name).filter((output) => !named.has(output)),
      problems,
    };
  } finally {
    await session.close();
  }
}

// A program of its own: inside Jest's sandbox the engine does not recognise typed arrays.
if (import.meta.main) {
  const checks: GoldenCheck[] = [];
  for (const { name } of await readEntries()) checks.push(await checkEntry(name));
  console.log(JSON.stringify(checks, undefined, 2));
  if (checks.some(({ problems }) => problems.length > 0)) process.exitCode = 1;
}
