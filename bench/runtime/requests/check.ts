import type { Cell } from '../cells.ts';
import { differenceOf, type Example } from './example.ts';
import { callGrpc, readGrpcAnswer } from './grpc.ts';
import { readAnswer } from './rest.ts';
import type { PreparedRequest } from './prepare.ts';

const ANSWER_MS = 30_000;

/** Where a server listens. */
export interface Ports {
  http: number;
  grpc: number;
  metrics: number;
}

/** Sends one request of a cell and compares the answer; gives its size, throws what is wrong with it. */
export async function checkOnce(ports: Ports, cell: Cell, { request, example }: Checked): Promise<number> {
  const { outputs, byteLength } =
    cell.transport === 'grpc' ? await askGrpc(ports.grpc, request) : await askRest(ports.http, request);
  const difference = differenceOf(outputs, example.outputs);
  if (difference !== undefined) throw new Error(`wrong answer: ${difference}`);
  return byteLength;
}

/** A request and the example that it was made from. */
export interface Checked {
  request: PreparedRequest;
  example: Example;
}

async function askGrpc(port: number, { bytes }: PreparedRequest) {
  const frame = await callGrpc(port, bytes);
  return { outputs: readGrpcAnswer(frame), byteLength: frame.length };
}

async function askRest(port: number, { path, headers, bytes }: PreparedRequest) {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method: 'POST',
    headers,
    body: Uint8Array.from(bytes),
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  const body = Buffer.from(await response.arrayBuffer());
  if (!response.ok) throw new Error(`HTTP ${response.status}: ${body.toString('utf8', 0, 200)}`);
  return { outputs: readAnswer(body, response.headers), byteLength: body.length };
}
