import type { InferRequest, RequestTensor, RequestedOutput, TensorSource } from '../protocol/v2-request.ts';
import { readOutputParameters, readShape, refuse, refuseTwice } from '../protocol/v2-request.ts';
import type { InferResponse } from '../protocol/v2-response.ts';
import type { Tensor } from '../protocol/tensor.ts';
import { tensorBytes } from '../protocol/tensor-bytes.ts';
import type { TensorContents } from './contents.ts';
import { readContents, writeContents } from './contents.ts';
import type { Long } from './messages.ts';
import { codec, fromLong } from './messages.ts';
import type { InferParameters } from './parameters.ts';
import { readParameters, writeParameters } from './parameters.ts';

const MAX_TENSORS = 1024;

interface InputMessage {
  name: string;
  datatype: string;
  shape: (Long | number)[];
  parameters: InferParameters;
  contents: TensorContents | null;
}

/** A ModelInferRequest as decoded. */
export interface InferRequestMessage {
  model_name: string;
  model_version: string;
  id: string;
  parameters: InferParameters;
  inputs: InputMessage[];
  outputs: { name: string; parameters: InferParameters }[];
  raw_input_contents: Uint8Array[];
}

/** A ModelInferResponse to be encoded. */
export interface InferResponseMessage {
  model_name: string;
  model_version?: string;
  id?: string;
  parameters?: InferParameters;
  outputs?: { name: string; datatype: string; shape: readonly number[]; contents?: TensorContents }[];
  raw_output_contents?: Uint8Array[];
}

export const inferRequestCodec = codec<InferRequestMessage>('inference.ModelInferRequest');
export const inferResponseCodec = codec<InferResponseMessage>('inference.ModelInferResponse');

/** The request of a message, checked in form; the bytes of raw contents are not copied. */
export function readInferMessage(message: InferRequestMessage): InferRequest {
  const { inputs, outputs, raw_input_contents: raw, id } = message;
  if (inputs.length > MAX_TENSORS) refuse('inputs', `has ${inputs.length} tensors; at most ${MAX_TENSORS} are taken.`);
  if (raw.length > 0 && raw.length !== inputs.length) {
    // Triton's clients leave the bytes out for tensors in shared memory.
    inputs.forEach(({ parameters }, index) => refuseSharedMemory(parameters, `inputs[${index}]`));
    refuse(
      'raw_input_contents',
      `has ${raw.length} entries for ${inputs.length} inputs; send one for each, in their order.`,
    );
  }
  const request: InferRequest = { inputs: inputs.map((input, index) => readInput(input, raw[index], index)) };
  refuseTwice(request.inputs);
  if (id !== '') request.id = id;
  const parameters = readParameters(message.parameters, 'parameters');
  if (parameters !== undefined) request.parameters = parameters;
  if (outputs.length > 0) request.outputs = readOutputs(outputs);
  return request;
}

function readInput(input: InputMessage, raw: Uint8Array | undefined, index: number): RequestTensor {
  const place = `inputs[${index}]`;
  const { name, datatype } = input;
  if (name === '') refuse(`${place}.name`, 'is missing; send the name of the tensor.');
  const shape = readShape(input.shape.map(fromLong), `${place}.shape`);
  readParameters(input.parameters, `${place}.parameters`);
  refuseSharedMemory(input.parameters, place);
  return { name, datatype, shape, source: readSource(input, raw, place), place };
}

function refuseSharedMemory(parameters: InferParameters, place: string): void {
  if (Object.hasOwn(parameters, 'shared_memory_region'))
    refuse(`${place}.parameters.shared_memory_region`, 'asks for shared memory, which is not offered; send the data.');
}

function readSource({ contents, datatype }: InputMessage, raw: Uint8Array | undefined, place: string): TensorSource {
  if (raw === undefined) return readContents(contents, datatype, place);
  if (contents !== null)
    refuse(`${place}.contents`, 'is there beside raw_input_contents; send all tensors raw, or all of them typed.');
  return { kind: 'raw', bytes: raw };
}

function readOutputs(outputs: InferRequestMessage['outputs']): RequestedOutput[] {
  if (outputs.length > MAX_TENSORS)
    refuse('outputs', `has ${outputs.length} entries; at most ${MAX_TENSORS} are taken.`);
  return outputs.map(({ name, parameters: map }, index) => {
    const place = `outputs[${index}].parameters`;
    const parameters = readParameters(map, place);
    return parameters === undefined ? { name } : readOutputParameters(name, parameters, place);
  });
}

/** True when the answer is to be typed: a request with typed contents gets such an answer, any other gets raw bytes. */
export const isTyped = ({ raw_input_contents: raw, inputs }: InferRequestMessage): boolean =>
  raw.length === 0 && inputs.some(({ contents }) => contents !== null);

/** The message of a response. FP16 has no typed form; a response with it is raw. */
export function writeInferMessage(response: InferResponse, wantsTyped: boolean): InferResponseMessage {
  const { modelName, modelVersion, id, parameters, outputs } = response;
  const message: InferResponseMessage = { model_name: modelName, model_version: modelVersion };
  if (id !== undefined) message.id = id;
  if (parameters !== undefined) message.parameters = writeParameters(parameters);
  if (wantsTyped && outputs.every(({ datatype }) => datatype !== 'FP16')) {
    message.outputs = outputs.map(writeTyped);
  } else {
    message.outputs = outputs.map(({ name, datatype, shape }) => ({ name, datatype, shape }));
    message.raw_output_contents = outputs.map(tensorBytes);
  }
  return message;
}

function writeTyped(tensor: Tensor): NonNullable<InferResponseMessage['outputs']>[number] {
  const { name, datatype, shape } = tensor;
  const contents = writeContents(tensor);
  return contents === undefined ? { name, datatype, shape } : { name, datatype, shape, contents };
}
