import { open } from 'node:fs/promises';
import { ModelFailure } from '../model-failure.ts';
import type { TensorSpec } from '../protocol/tensor.ts';
import { datatypeOfElement, elementTypeName } from './element-types.ts';
import { recogniseOther } from './recognise.ts';
import type { OnnxGraph, OnnxModel, OnnxTensor, OnnxValue } from './schema.ts';
import { modelMessage } from './schema.ts';
import type { Walked } from './walk-graph.ts';
import { walkModel } from './walk-graph.ts';

/** A protobuf message cannot be larger; larger models keep their weights in files beside it. */
const MAX_FILE_BYTES = 2 ** 31 - 1;
const EXTERNAL = 1;

/** What a model file says about itself. */
export interface ModelFacts {
  opset: number;
  producer: string;
  parameterCount: number;
  inputs: TensorSpec[];
  outputs: TensorSpec[];
  /** Files that weights are kept in, as the model names them. */
  externalLocations: string[];
  /** Operator sets that are used, by domain. */
  domains: string[];
}

const notOnnx = (message: string) => new ModelFailure('NotOnnx', message);

/** Reads a model file and gives what it says about itself. The file's bytes are let go before this returns. */
export async function inspectModel(modelPath: string): Promise<ModelFacts> {
  const storage = await readWhole(modelPath);
  try {
    return inspectBytes(Buffer.from(storage));
  } finally {
    // A detached buffer is freed at once; waiting for garbage collection would hold the model's size beside the engine's copy.
    storage.transfer(0);
  }
}

async function readWhole(modelPath: string): Promise<ArrayBuffer> {
  const file = await open(modelPath, 'r');
  try {
    const { size } = await file.stat();
    if (size === 0) throw new ModelFailure('EmptyFile', 'The model file is empty. Export and upload it again.');
    if (size > MAX_FILE_BYTES)
      throw notOnnx('The model file is larger than 2 GiB, which no ONNX file is. Keep the weights in files beside it.');
    const bytes = Buffer.from(new ArrayBuffer(size));
    for (let read = 0; read < size;) {
      const { bytesRead } = await file.read(bytes, read, size - read, read);
      if (bytesRead === 0) throw notOnnx('The model file became shorter while it was read.');
      read += bytesRead;
    }
    return bytes.buffer;
  } finally {
    await file.close();
  }
}

/** As inspectModel, for bytes in memory. */
export function inspectBytes(bytes: Buffer): ModelFacts {
  if (bytes.length === 0) throw new ModelFailure('EmptyFile', 'The model file is empty. Export and upload it again.');
  const other = recogniseOther(bytes);
  if (other !== undefined) throw notOnnx(`The file is not ONNX but ${other}.`);
  const model = decode(bytes);
  const { graph, opsetImport, irVersion = 0 } = model;
  if (graph === undefined || opsetImport === undefined || irVersion <= 0) {
    throw notOnnx('The file is not an ONNX model: it has no graph, no operator sets or no version.');
  }
  const walked = walkModel(model);
  if (walked.isTooDeep) throw new ModelFailure('LoadFailed', 'The model nests more than 100 graphs in each other.');
  return {
    opset: opsetOf(opsetImport),
    producer: [model.producerName, model.producerVersion].filter(Boolean).join(' ').slice(0, 256),
    parameterCount: countParameters(walked),
    inputs: inputsOf(graph).map(describeValue),
    outputs: (graph.output ?? []).map(describeValue),
    externalLocations: externalLocations(walked),
    domains: [...new Set(walked.nodes.map(({ domain }) => domain || 'ai.onnx'))].toSorted(),
  };
}

/** Version of the default operator set, or of the only one there is. */
function opsetOf(imports: NonNullable<OnnxModel['opsetImport']>): number {
  const main = imports.find(({ domain }) => !domain || domain === 'ai.onnx') ?? imports[0];
  return main?.version ?? 0;
}

/** Weights of a network, and the numbers that classical models (trees, linear ones) keep in attributes. */
function countParameters({ initializers, nodes }: Walked): number {
  const weights = initializers.map(({ dims = [] }) => dims.reduce((product, size) => product * size, 1));
  const attributes = nodes.flatMap(({ attribute = [] }) => attribute.map(({ floats = [] }) => floats.length));
  return [...weights, ...attributes].reduce((sum, count) => sum + count, 0);
}

function decode(bytes: Buffer): OnnxModel {
  try {
    return modelMessage.toObject(modelMessage.decode(bytes), { longs: Number }) as OnnxModel;
  } catch (error) {
    throw new ModelFailure('NotOnnx', 'The file is not ONNX, or it is cut off. Export and upload it again.', {
      cause: error,
    });
  }
}

/** Files before IR version 4 list weights among the inputs; they are not to be sent. */
function inputsOf({ initializer = [], input = [] }: OnnxGraph): OnnxValue[] {
  const weights = new Set(initializer.map(({ name }) => name));
  return input.filter(({ name }) => !weights.has(name));
}

function describeValue({ name = '', type = {} }: OnnxValue): TensorSpec {
  const { tensorType } = type;
  if (tensorType === undefined) throw notATensor(name, type);
  const elementType = tensorType.elemType ?? 0;
  const datatype = datatypeOfElement(elementType);
  if (datatype === undefined) {
    throw new ModelFailure(
      'UnsupportedType',
      `"${name}" has elements of ${elementTypeName(elementType)}, which Open Inference V2 cannot carry. Export with float, integer, boolean or string inputs and outputs.`,
    );
  }
  return { name, datatype, shape: (tensorType.shape?.dim ?? []).map(({ dimValue = -1 }) => Math.max(dimValue, -1)) };
}

function notATensor(name: string, { sequenceType, mapType }: NonNullable<OnnxValue['type']>): ModelFailure {
  const otherwise = mapType ? 'a map' : 'no plain tensor';
  return new ModelFailure(
    'UnsupportedType',
    `"${name}" is ${sequenceType ? 'a sequence' : otherwise}. Requests and answers carry tensors only: export without it (for scikit-learn: the option zipmap=False).`,
  );
}

const locationOf = ({ externalData = [] }: OnnxTensor) =>
  externalData.find(({ key }) => key === 'location')?.value ?? '';

function externalLocations({ initializers, constants }: Walked): string[] {
  const outside = [...initializers, ...constants].filter(
    (tensor) => tensor.dataLocation === EXTERNAL || locationOf(tensor) !== '',
  );
  return [...new Set(outside.map(locationOf))];
}
