import type { Datatype } from '../protocol/datatype.ts';
import type { TensorSpec } from '../protocol/tensor.ts';
import { hasOpenBatch } from './batching-proof.ts';
import type { HostedModel } from './hosted-model.ts';
import type { ModelConfig } from './plane.ts';

const TRITON_TYPE: Readonly<Record<Datatype, string>> = {
  BOOL: 'TYPE_BOOL',
  UINT8: 'TYPE_UINT8',
  UINT16: 'TYPE_UINT16',
  UINT32: 'TYPE_UINT32',
  UINT64: 'TYPE_UINT64',
  INT8: 'TYPE_INT8',
  INT16: 'TYPE_INT16',
  INT32: 'TYPE_INT32',
  INT64: 'TYPE_INT64',
  FP16: 'TYPE_FP16',
  FP32: 'TYPE_FP32',
  FP64: 'TYPE_FP64',
  BYTES: 'TYPE_STRING',
};
/** Said where the graph takes any number of rows: Triton's clients need a bound to believe in batches. */
const ANY_ROWS = 1024;

/** A model's configuration in Triton's form, made from what the graph and this server say. */
export function describeConfig(model: HostedModel, instances: number): ModelConfig {
  const { name } = model.at;
  const takesRows = hasOpenBatch(model.inputs, model.outputs);
  const maxBatchSize = takesRows ? ANY_ROWS : 0;
  const tensor = ({ name: tensorName, datatype, shape }: TensorSpec) => ({
    name: tensorName,
    data_type: TRITON_TYPE[datatype],
    // With batches the first size is left out, as Triton has it.
    dims: takesRows ? shape.slice(1) : [...shape],
  });
  return {
    name,
    platform: 'onnxruntime_onnx',
    backend: 'onnxruntime',
    version_policy: { latest: { num_versions: 1 } },
    max_batch_size: maxBatchSize,
    input: model.inputs.map(tensor),
    output: model.outputs.map(tensor),
    instance_group: [{ name, kind: 'KIND_CPU', count: instances, gpus: [], profile: [] }],
    default_model_filename: 'model.onnx',
    ...(model.maxRows > 1 && {
      dynamic_batching: { preferred_batch_size: [model.maxRows], max_queue_delay_microseconds: 0 },
    }),
    parameters: { batching: { string_value: model.batching.reason } },
  };
}
