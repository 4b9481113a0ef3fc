import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { publishStaged, writeFetched } from '../repository/cache.ts';
import { divideModel, externalDataModel, identityModel, unknownOperatorModel } from '../testdata/onnx-builder.ts';
import { runRole } from '../testdata/run-role.ts';
import { residentBytes } from '../engine/process/process-usage.ts';
import { percentile } from './percentile.ts';
import { runChild } from './run-child.ts';

// Each case starts real processes, which take their time on a busy machine.
jest.setTimeout(60_000);

let root: string;
let modelsDir: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'aimass-verify-'));
  modelsDir = path.join(root, 'models');
  await mkdir(modelsDir);
});
afterEach(() => rm(root, { recursive: true, force: true }));

/** Puts files into the cache as fetch does. */
async function putModel(files: Record<string, string | Buffer>, links: Record<string, string> = {}): Promise<void> {
  const staging = path.join(modelsDir, '.staging-test');
  await mkdir(staging);
  for (const [name, content] of Object.entries(files)) await writeFile(path.join(staging, name), content);
  for (const [name, target] of Object.entries(links)) await symlink(target, path.join(staging, name));
  const digest = `sha256:${createHash('sha256').update(JSON.stringify(files)).digest('hex')}`;
  await writeFetched(modelsDir, { digest, ...(await publishStaged(modelsDir, staging, digest)) });
}

const verify = (...more: string[]) =>
  runRole(
    path.join(root, 'termination'),
    'verify',
    '--models-dir',
    modelsDir,
    '--task',
    'custom',
    '--seconds',
    '0.1',
    ...more,
  );

const vector = (name: string, data: number[]) => ({ name, shape: [data.length], datatype: 'FP32', data });
const golden = (inputs: object[], outputs: object[]) =>
  JSON.stringify({ examples: [{ name: 'one', request: { inputs }, response: { outputs } }] });
const half = golden([vector('a', [1]), vector('b', [2])], [vector('q', [0.5])]);

test('a good model is reported with everything that the status shows', async () => {
  await putModel({ 'model.onnx': divideModel(), 'golden.json': half });
  const { code, report } = await verify();
  expect(code).toBe(0);
  expect(report).toEqual({
    ok: true,
    format: 'onnx',
    opset: 17,
    producer: 'aimass-test',
    parameterCount: 0,
    inputs: [
      { name: 'a', datatype: 'FP32', shape: [-1] },
      { name: 'b', datatype: 'FP32', shape: [-1] },
    ],
    outputs: [{ name: 'q', datatype: 'FP32', shape: [-1] }],
    report: {
      golden: { total: 1, passed: 1, source: 'Artifact' },
      loadSeconds: expect.any(Number),
      latencyMs: { p50: expect.any(Number), p99: expect.any(Number) },
      maxRequestsPerSecond: expect.any(Number),
      memoryBytes: expect.any(Number),
    },
  });
});

test('golden examples that are given win over those of the artifact', async () => {
  await putModel({ 'model.onnx': divideModel(), 'golden.json': 'not even JSON' });
  const file = path.join(root, 'golden.json');
  await writeFile(file, half);
  expect((await verify('--golden', file)).report).toMatchObject({
    ok: true,
    report: { golden: { source: 'ConfigMap' } },
  });
});

test('without golden examples the model is run on made-up input, and the report says so', async () => {
  await putModel({ 'model.onnx': identityModel() });
  expect((await verify()).report).toMatchObject({
    ok: true,
    report: { golden: { total: 0, passed: 0, source: 'Generated' } },
  });
});

const onnx = (bytes: Buffer, goldenText = half) => ({ 'model.onnx': bytes, 'golden.json': goldenText });

test.each<{
  name: string;
  files: Record<string, string | Buffer>;
  links?: Record<string, string>;
  flags?: string[];
  reason: string;
  says: string;
}>([
  { name: 'an empty file', files: onnx(Buffer.alloc(0)), reason: 'EmptyFile', says: 'empty' },
  { name: 'a truncated file', files: onnx(divideModel().subarray(0, 60)), reason: 'NotOnnx', says: 'cut off' },
  {
    name: 'an unknown operator',
    files: onnx(unknownOperatorModel()),
    reason: 'UnsupportedOperator',
    says: 'Frobnicate',
  },
  {
    name: 'weights outside',
    files: onnx(externalDataModel('../../secret')),
    reason: 'ExternalDataOutside',
    says: '../../secret',
  },
  {
    name: 'weights behind a link',
    files: onnx(externalDataModel('w.bin')),
    links: { 'w.bin': '/etc/hostname' },
    reason: 'ExternalDataOutside',
    says: 'link',
  },
  {
    name: 'a task that the tensors do not fit',
    files: onnx(divideModel()),
    flags: ['--task', 'image-classification'],
    reason: 'TaskMismatch',
    says: 'The model has: a FP32[-1]; b FP32[-1]',
  },
  {
    name: 'a wrong golden answer',
    files: onnx(divideModel(), golden([vector('a', [1]), vector('b', [2])], [vector('q', [0.6])])),
    reason: 'GoldenMismatch',
    says: 'Golden example "one": output "q" is 0.5 at element 0, want 0.6',
  },
  {
    name: 'NaN in a golden output',
    files: onnx(divideModel(), golden([vector('a', [0]), vector('b', [0])], [vector('q', [0])])),
    reason: 'GoldenMismatch',
    says: 'is NaN at element 0',
  },
  {
    name: 'golden examples for other tensors',
    files: onnx(divideModel(), golden([vector('x', [1])], [vector('q', [1])])),
    reason: 'GoldenInvalid',
    says: 'the model takes "a", "b"',
  },
  {
    name: 'golden inputs that do not go together',
    files: onnx(divideModel(), golden([vector('a', [1, 2]), vector('b', [1, 2, 3])], [vector('q', [1])])),
    reason: 'Golden',
    says: 'failed on golden example "one"',
  },
  {
    name: 'a latency limit',
    files: onnx(divideModel()),
    flags: ['--max-p99-ms', '0'],
    reason: 'LimitExceeded',
    says: 'the limit 0 ms',
  },
  {
    name: 'a memory limit',
    files: onnx(divideModel()),
    flags: ['--max-memory-bytes', '1048576'],
    reason: 'LimitExceeded',
    says: 'the limit is 1 MiB',
  },
  {
    name: 'no time',
    files: onnx(divideModel()),
    flags: ['--timeout-seconds', '0.01'],
    reason: 'VerificationTimeout',
    says: '0.01 s',
  },
])('$name: $reason', async ({ files, links = {}, flags = [], reason, says }) => {
  await putModel(files, links);
  const { code, report } = await verify(...flags);
  expect(report).toMatchObject({
    ok: false,
    reason: expect.stringContaining(reason),
    message: expect.stringContaining(says),
  });
  expect(code).toBe(2);
  expect(JSON.stringify(report)).not.toContain(root);
});

test('what was found before a failure is reported with it', async () => {
  await putModel(onnx(divideModel(), golden([vector('a', [1]), vector('b', [2])], [vector('q', [9])])));
  expect((await verify()).report).toMatchObject({
    opset: 17,
    inputs: [{ name: 'a' }, { name: 'b' }],
    report: { golden: { total: 1, passed: 0 }, loadSeconds: expect.any(Number), memoryBytes: expect.any(Number) },
  });
});

test.each([
  { name: 'abort', reason: 'VerificationCrashed', says: 'SIGABRT' },
  { name: 'killed', reason: 'OutOfMemory', says: 'memory' },
  { name: 'exit', reason: 'VerificationCrashed', says: 'exit code 7' },
  { name: 'memory', reason: 'OutOfMemory', says: 'memory' },
  { name: 'hang', reason: 'VerificationTimeout', says: '1 s' },
])('a process that ends by $name is $reason, and its findings are kept', async ({ name, reason, says }) => {
  const findings: object[] = [];
  const run = runChild({
    job: { modelPath: name, goldenFile: undefined, seconds: 1 },
    entry: path.join(import.meta.dirname, '../testdata/crashing-child.ts'),
    timeoutMs: name === 'hang' ? 1000 : 20_000,
    memoryLimitBytes: name === 'memory' ? residentBytes(process.pid) + 400 * 1024 * 1024 : undefined,
    onFound: (found) => findings.push(found),
  });
  await expect(run).rejects.toMatchObject({ reason, retryable: false, message: expect.stringContaining(says) });
  expect(findings).toEqual([{ loadSeconds: 0.5 }]);
});

test('percentiles are values that were measured', () => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect([percentile(values, 0.5), percentile(values, 0.99), percentile([7], 0.99), percentile([], 0.5)]).toEqual([
    50, 99, 7, 0,
  ]);
});
