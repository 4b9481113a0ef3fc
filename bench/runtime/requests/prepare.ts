import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ModelName, Transport } from '../cells.ts';
import type { Example } from './example.ts';
import { grpcFrame, INFER_PATH } from './grpc.ts';
import { binaryBody, jsonBody, type Body } from './rest.ts';

/** One request, in memory and in a file for the load generators. */
export interface PreparedRequest extends Body {
  path: string;
  file: string;
}

const GRPC_HEADERS = { 'content-type': 'application/grpc', te: 'trailers' };

function bodyOf(model: ModelName, transport: Transport, example: Example): Body {
  switch (transport) {
    case 'json':
      return jsonBody(example);
    case 'binary':
      return binaryBody(example);
    case 'grpc':
      return { headers: GRPC_HEADERS, bytes: grpcFrame(model, example) };
  }
}

/** Writes the request of a model over a transport into a folder. */
export function prepareRequest(
  folder: string,
  { model, transport }: { model: ModelName; transport: Transport },
  example: Example,
): PreparedRequest {
  const body = bodyOf(model, transport, example);
  const file = join(folder, `${model}-${transport}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, body.bytes);
  return { ...body, file, path: transport === 'grpc' ? INFER_PATH : `/v2/models/${model}/infer` };
}
