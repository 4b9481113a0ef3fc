import type { Tensor, TensorData } from '../protocol/tensor.ts';
import { elementCount } from '../protocol/tensor.ts';
import { EngineError } from './engine.ts';

/** Rows of a request: the first dimension of its first input; 1 for scalars and models without inputs. */
export const rowsOf = (inputs: readonly Tensor[]): number => inputs[0]?.shape[0] ?? 1;

/** The tensors of several requests put together along the first dimension, in the order of the requests. */
export function joinRows(requests: readonly (readonly Tensor[])[]): readonly Tensor[] {
  const [first = []] = requests;
  if (requests.length === 1) return first;
  return first.map((tensor, index) => {
    const parts = requests.map((request) => request[index] ?? tensor);
    const rows = parts.reduce((sum, { shape }) => sum + (shape[0] ?? 0), 0);
    return { ...tensor, shape: [rows, ...tensor.shape.slice(1)], data: joinData(parts.map(({ data }) => data)) };
  });
}

function joinData(parts: readonly TensorData[]): TensorData {
  const first = parts[0] ?? [];
  if (Array.isArray(first)) return (parts as string[][]).flat();
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const joined = new (first.constructor as new (length: number) => typeof first)(length);
  let at = 0;
  for (const part of parts) {
    (joined as Float32Array).set(part as Float32Array, at);
    at += part.length;
  }
  return joined;
}

/** Takes an answer apart again: to each request as many rows as it sent. Nothing is copied. */
export function splitRows(outputs: readonly Tensor[], rows: readonly number[]): Tensor[][] {
  if (rows.length === 1) return [[...outputs]];
  const total = rows.reduce((sum, count) => sum + count, 0);
  for (const { name, shape } of outputs) {
    if (shape[0] !== total) {
      throw new EngineError('notBatchable', `"${name}" has ${shape[0] ?? 'no'} rows for ${total} rows of input.`);
    }
  }
  let from = 0;
  return rows.map((count) => {
    const start = from;
    from += count;
    return outputs.map((output) => sliceRows(output, start, count));
  });
}

function sliceRows(tensor: Tensor, start: number, count: number): Tensor {
  const shape = [count, ...tensor.shape.slice(1)];
  const width = elementCount(tensor.shape.slice(1));
  const { data } = tensor;
  const [from, to] = [start * width, (start + count) * width];
  return { ...tensor, shape, data: Array.isArray(data) ? data.slice(from, to) : data.subarray(from, to) };
}
