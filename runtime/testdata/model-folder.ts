import { mkdir, mkdtemp, realpath, rename, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { ELEMENT, buildModel, node, value } from './onnx-builder.ts';

/** A folder of models that a test fills. */
export interface TestFolder {
  path: string;
  at: (name: string) => string;
  /** Writes a file by one rename, as a careful copier does. */
  put: (name: string, content: string | Buffer) => Promise<void>;
  remove: (name: string) => Promise<void>;
}

/** Makes an empty folder below the system's temporary one. */
export async function makeTestFolder(): Promise<TestFolder> {
  const root = await realpath(await mkdtemp(path.join(os.tmpdir(), 'aimass-models-')));
  const at = (name: string) => path.join(root, name);
  return {
    path: root,
    at,
    put: async (name, content) => {
      const file = at(name);
      await mkdir(path.dirname(file), { recursive: true });
      const temporary = path.join(path.dirname(file), `.${path.basename(file)}.part`);
      await writeFile(temporary, content);
      await rename(temporary, file);
    },
    remove: (name) => rm(at(name), { recursive: true, force: true }),
  };
}

/** y = x + amount, row by row: tells which file answered. */
export const addModel = (amount: number): Buffer =>
  buildModel({
    nodes: [node('Add', { input: ['x', 'c'], output: ['y'] })],
    inputs: [value('x', ELEMENT.FP32, ['n'])],
    outputs: [value('y', ELEMENT.FP32, ['n'])],
    initializers: [{ name: 'c', dims: [1], dataType: ELEMENT.FP32, rawData: Buffer.from(Float32Array.of(amount).buffer) }],
  });

/** y = sum of weights at x, with weights of so many MiB: takes memory. */
export const heavyModel = (mebibytes: number): Buffer => {
  const count = mebibytes * 2 ** 18;
  return buildModel({
    nodes: [node('Gather', { input: ['w', 'x'], output: ['y'] })],
    inputs: [value('x', ELEMENT.INT64, ['n'])],
    outputs: [value('y', ELEMENT.FP32, ['n'])],
    initializers: [{ name: 'w', dims: [count], dataType: ELEMENT.FP32, rawData: Buffer.alloc(count * 4) }],
  });
};

/** Multiplies matrices of the size that the input names, eight times: runs as long as the test wants. Has weights of so many MiB. */
export const slowModel = (mebibytes = 1): Buffer => {
  const count = mebibytes * 2 ** 18;
  const steps = Array.from({ length: 8 }, (_, at) =>
    node('MatMul', { input: [`m${at}`, `m${at}`], output: [`m${at + 1}`] }),
  );
  return buildModel({
    nodes: [
      node('ConstantOfShape', { input: ['size'], output: ['m0'] }),
      ...steps,
      node('Shape', { input: ['m8'], output: ['y'] }),
      node('Gather', { input: ['w', 'size'], output: ['z'] }),
    ],
    inputs: [value('size', ELEMENT.INT64, [2])],
    outputs: [value('y', ELEMENT.INT64, [2]), value('z', ELEMENT.FP32, [2])],
    initializers: [{ name: 'w', dims: [count], dataType: ELEMENT.FP32, rawData: Buffer.alloc(count * 4) }],
  });
};

/** A golden file for a model with one input x and one output y, both a number. */
export const goldenFor = (x: number, y: number): string => {
  const tensor = (name: string, data: number) => ({ name, datatype: 'FP32', shape: [1], data: [data] });
  return JSON.stringify({ examples: [{ request: { inputs: [tensor('x', x)] }, response: { outputs: [tensor('y', y)] } }] });
};
