import { afterEach, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { jsonFrame } from './frame.ts';
import type { EngineChild } from './process-session.ts';
import { ProcessSession } from './process-session.ts';

const words = (...values: number[]) => [...new Uint8Array(Uint32Array.from(values).buffer)];
const opened = Array.from(
  Buffer.concat(jsonFrame(3, { inputs: [], outputs: [{ name: 'y', datatype: 'FP32', shape: [-1] }] })),
);

let child: EngineChild | undefined;
afterEach(() => void child?.kill('SIGKILL'));

/** A process that a model has taken over: it answers each frame with the next of these bytes. */
function strangeProcess(...answers: number[][]): ProcessSession {
  const program = `const answers = ${JSON.stringify(answers)}; process.stdin.on('data', () => process.stdout.write(Buffer.from(answers.shift() ?? [])));`;
  child = spawn(process.execPath, ['-e', program], { stdio: ['pipe', 'pipe', 'pipe'] });
  return new ProcessSession(child, { loadMs: 30_000, runMs: 30_000 });
}

test.each([
  { name: 'a frame of 4 GiB', bytes: words(0xffffffff, 4, 0, 0) },
  { name: 'a frame shorter than its head', bytes: words(3, 4, 0, 0) },
  { name: 'JSON that is none', bytes: [...words(20, 3, 0, 4), ...Buffer.from('{"a"')] },
  { name: 'tensors beyond the frame', bytes: words(32, 4, 1, 0, 0, 1, 64, 16) },
  { name: 'two frames', bytes: [...opened, ...opened] },
])('a process that answers with $name is ended, and nothing else', async ({ bytes }) => {
  const session = strangeProcess(bytes);
  await expect(session.open({ modelPath: 'm' })).rejects.toMatchObject({ name: 'EngineError' });
  await session.close();
});

test.each([
  { name: 'more elements than its shape has', bytes: words(40, 4, 1, 0, 0, 1, 8, 1, 0, 0) },
  { name: 'tensors that are not there', bytes: words(32, 4, 1, 0, 9, 1, 64, 16) },
])('an answer with $name is an error of that request', async ({ bytes }) => {
  const session = strangeProcess(opened, bytes);
  await session.open({ modelPath: 'm' });
  await expect(session.run([], ['y'])).rejects.toThrow();
  await session.close();
});
