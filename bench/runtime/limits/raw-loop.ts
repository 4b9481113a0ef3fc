import { InferenceSession, Tensor } from 'onnxruntime-node';
import { readFileSync } from 'node:fs';
import type { Example } from '../requests/example.ts';
import { median } from '../statistics.ts';

// raw-loop.ts MODEL EXAMPLE SECONDS: what the engine alone can do, one request after the other on one thread.
const [modelPath = '', examplePath = '', seconds = '1'] = process.argv.slice(2);
const session = await InferenceSession.create(modelPath, {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  extra: { session: { intra_op: { allow_spinning: '0' } } },
});
const example = JSON.parse(readFileSync(examplePath, 'utf8')) as Example;
const feeds = Object.fromEntries(
  example.inputs.map(({ name, datatype, shape, data }) => [
    name,
    datatype === 'FP32'
      ? new Tensor('float32', Float32Array.from(data), shape)
      : new Tensor('int64', BigInt64Array.from(data, BigInt), shape),
  ]),
);

async function loop(forMs: number): Promise<number[]> {
  const times: number[] = [];
  const end = performance.now() + forMs;
  for (let now = performance.now(); now < end || times.length === 0;) {
    await session.run(feeds);
    const after = performance.now();
    times.push(after - now);
    now = after;
  }
  return times;
}

await loop(300);
const startedAt = performance.now();
const cpuBefore = process.cpuUsage();
const times = await loop(Number(seconds) * 1000);
const perSecond = (times.length / (performance.now() - startedAt)) * 1000;
const { user, system } = process.cpuUsage(cpuBefore);
console.log(JSON.stringify({ perSecond, p50Ms: median(times), cpuMs: (user + system) / 1000 / times.length }));
