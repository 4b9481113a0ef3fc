import type { Example, Tensor } from './example.ts';
import { bytesOf, numbersOf } from './tensor-bytes.ts';

const LENGTH_HEADER = 'Inference-Header-Content-Length';

/** The body of one POST, with its headers. */
export interface Body {
  headers: Record<string, string>;
  bytes: Buffer;
}

/** An inference request with its numbers in JSON. */
export const jsonBody = ({ inputs }: Example): Body => ({
  headers: { 'Content-Type': 'application/json' },
  bytes: Buffer.from(JSON.stringify({ inputs })),
});

/** An inference request with binary tensors, that asks for binary outputs. */
export function binaryBody({ inputs }: Example): Body {
  const tensors = inputs.map(bytesOf);
  const described = inputs.map(({ name, datatype, shape }, index) => ({
    name,
    datatype,
    shape,
    parameters: { binary_data_size: tensors[index]?.length ?? 0 },
  }));
  const head = Buffer.from(JSON.stringify({ inputs: described, parameters: { binary_data_output: true } }));
  return {
    headers: { 'Content-Type': 'application/octet-stream', [LENGTH_HEADER]: String(head.length) },
    bytes: Buffer.concat([head, ...tensors]),
  };
}

interface WrittenTensor extends Tensor {
  parameters?: { binary_data_size?: number };
}

/** The outputs in an answer, binary or JSON, as its header says. */
export function readAnswer(bytes: Buffer, headers: Headers): Tensor[] {
  const headLength = Number(headers.get(LENGTH_HEADER) ?? bytes.length);
  const { outputs } = JSON.parse(bytes.toString('utf8', 0, headLength)) as { outputs: WrittenTensor[] };
  let at = headLength;
  return outputs.map((output) => {
    const size = output.parameters?.binary_data_size;
    if (size === undefined) return output;
    at += size;
    return { ...output, data: numbersOf(output.datatype, bytes.subarray(at - size, at)) };
  });
}
