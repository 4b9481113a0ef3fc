import { chmodSync, copyFileSync, cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import type { ModelName } from '../cells.ts';
import { ENVIRONMENTS, ONE_THREAD, packagesOf, programOf, pythonFile } from './python-peer.ts';
import { V2_SERVER, type ServerKind, type StartPlan } from './server.ts';

type Described = readonly [name: string, type: 'FP32' | 'INT64', dims: string];

// Shapes without the batch.
const TENSORS: Record<ModelName, { inputs: readonly Described[]; outputs: readonly Described[] }> = {
  S: {
    inputs: [['features', 'FP32', '4']],
    outputs: [
      ['label', 'INT64', ''],
      ['probabilities', 'FP32', '3'],
    ],
  },
  M: { inputs: [['x', 'FP32', '64']], outputs: [['y', 'FP32', '10']] },
  L: { inputs: [['image', 'FP32', '3, 224, 224']], outputs: [['logits', 'FP32', '1000']] },
  B: {
    inputs: [
      ['input_ids', 'INT64', '128'],
      ['attention_mask', 'INT64', '128'],
    ],
    outputs: [['embedding', 'FP32', '256']],
  },
};

const listOf = (tensors: readonly Described[], dimsOf: (dims: string) => string): string =>
  tensors.map(([name, type, dims]) => `{ name: "${name}" data_type: TYPE_${type} ${dimsOf(dims)} }`).join(', ');

/**
 * A model's config.pbtxt. Batching needs outputs with a dimension beside the batch, which iris's label has not: to batch
 * it, Triton has to answer it in another shape than the model's own.
 */
export function tritonConfig(model: ModelName, isBatched: boolean): string {
  const { inputs, outputs } = TENSORS[model];
  const dimsOf = (dims: string): string => {
    if (!isBatched) return `dims: [ ${dims === '' ? '-1' : `-1, ${dims}`} ]`;
    return dims === '' ? 'dims: [ 1 ] reshape { shape: [ ] }' : `dims: [ ${dims} ]`;
  };
  return [
    'backend: "python"',
    `max_batch_size: ${isBatched ? 64 : 0}`,
    `input [ ${listOf(inputs, dimsOf)} ]`,
    `output [ ${listOf(outputs, dimsOf)} ]`,
    'instance_group [ { count: 1 kind: KIND_CPU } ]',
    ...(isBatched ? ['dynamic_batching { }'] : []),
    '',
  ].join('\n');
}

/** The wheel's own folders: the server, its backend, the libraries beside it. */
function wheel() {
  const packages = join(packagesOf(ENVIRONMENTS.triton), readdirSync(packagesOf(ENVIRONMENTS.triton))[0] ?? '');
  const site = join(packages, 'site-packages');
  const python = packages.replace(/.*python/, '');
  const server = join(site, 'pytriton', 'tritonserver');
  return { server, stub: join(server, 'python_backend_stubs', python), libraries: join(site, 'nvidia_pytriton.libs') };
}

function writeRepository({ models, modelsDir, folder }: StartPlan, isBatched: (model: ModelName) => boolean): void {
  for (const model of models) {
    const version = join(folder, 'models', model, '1');
    mkdirSync(version, { recursive: true });
    symlinkSync(join(modelsDir, model, '1', 'model.onnx'), join(version, 'model.onnx'));
    copyFileSync(pythonFile('triton_model.py'), join(version, 'model.py'));
    writeFileSync(join(folder, 'models', model, 'config.pbtxt'), tritonConfig(model, isBatched(model)));
  }
  const { server, stub } = wheel();
  const backend = join(folder, 'backends', 'python');
  cpSync(join(server, 'backends', 'python'), backend, { recursive: true });
  copyFileSync(join(stub, 'triton_python_backend_stub'), join(backend, 'triton_python_backend_stub'));
  chmodSync(join(backend, 'triton_python_backend_stub'), 0o755);
}

const tritonKind = (name: string, isBatched: (model: ModelName) => boolean) => ({
  ...V2_SERVER,
  name,
  transports: ['json', 'binary', 'grpc'] as const,
  isPeer: true,
  dependencies: packagesOf(ENVIRONMENTS.triton),
  command: (plan: StartPlan) => {
    writeRepository(plan, isBatched);
    const { server, libraries } = wheel();
    const { folder, ports } = plan;
    return {
      argv: [
        join(server, 'bin', 'tritonserver'),
        `--model-repository=${join(folder, 'models')}`,
        `--backend-directory=${join(folder, 'backends')}`,
        `--http-port=${ports.http}`,
        `--grpc-port=${ports.grpc}`,
        `--metrics-port=${ports.metrics}`,
        '--http-address=127.0.0.1',
        '--grpc-address=127.0.0.1',
        '--log-info=false',
        `--backend-config=python,shm-region-prefix-name=bench-${ports.http}-`,
      ],
      env: {
        ...ONE_THREAD,
        PATH: [dirname(programOf(ENVIRONMENTS.triton, 'python')), process.env.PATH].join(delimiter),
        LD_LIBRARY_PATH: libraries,
      },
      cwd: folder,
    };
  },
});

/** Triton's front end with its python backend and onnxruntime; M, L and B batched. */
export const triton: ServerKind = {
  ...tritonKind('triton', (model) => model !== 'S'),
  about:
    'Triton front end and python backend (nvidia-pytriton 0.7.0 wheel) with onnxruntime; dynamic batching but for S',
};

/** The same with S batched too, whose label it then answers in the shape [n, 1] instead of [n]. */
export const tritonBatched: ServerKind = {
  ...tritonKind('triton-batched', () => true),
  about: 'the same with S batched too (its label in another shape than the model has)',
  onlyCells: ['S-json-c64', 'S-grpc-c64'],
  onlyModels: ['S'],
};
