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

/** Writes an inference response as JSON text; integers of 64 bits keep every digit. */
export function encodeInferResponse({ modelName, modelVersion, id, parameters, outputs }: InferResponse): string {
  const fields = [
    `"model_name":${JSON.stringify(modelName)}`,
    `"model_version":${JSON.stringify(modelVersion)}`,
    ...(id === undefined ? [] : [`"id":${JSON.stringify(id)}`]),
    ...(parameters === undefined ? [] : [`"parameters":${stringifyExactJson(parameters)}`]),
    `"outputs":[${outputs.map(encodeTensor).join(',')}]`,
  ];
  return `{${fields.join(',')}}`;
}
