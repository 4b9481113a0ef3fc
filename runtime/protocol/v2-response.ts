import { encodeTensor } from './encode-tensor.ts';
import { stringifyExactJson } from './exact-json.ts';
import type { Tensor } from './tensor.ts';
import type { Parameters } from './v2-request.ts';

/** An inference response before it is written out. */
export interface InferResponse {
  modelName: string;
  modelVersion: string;
  id?: string;
  parameters?: Parameters;
  outputs: readonly Tensor[];
}

/**
 * Writes an inference response as JSON text; integers of 64 bits keep every digit. Where `binarySizes` has a number, the
 * output follows the text as so many bytes.
 */
export function encodeInferResponse(
  { modelName, modelVersion, id, parameters, outputs }: InferResponse,
  binarySizes?: readonly (number | undefined)[],
): string {
  let text = `{"model_name":${JSON.stringify(modelName)},"model_version":${JSON.stringify(modelVersion)}`;
  if (id !== undefined) text += `,"id":${JSON.stringify(id)}`;
  if (parameters !== undefined) text += `,"parameters":${stringifyExactJson(parameters)}`;
  text += ',"outputs":[';
  for (let index = 0; index < outputs.length; index += 1) {
    const output = outputs[index] as Tensor;
    const size = binarySizes?.[index];
    if (index > 0) text += ',';
    text += size === undefined ? encodeTensor(output) : encodeBinaryTensor(output, size);
  }
  return `${text}]}`;
}

function encodeBinaryTensor({ name, datatype, shape }: Tensor, size: number): string {
  return `{"name":${JSON.stringify(name)},"datatype":"${datatype}","shape":[${shape.join(',')}],"parameters":{"binary_data_size":${size}}}`;
}
