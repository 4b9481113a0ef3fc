import type { IncomingMessage } from 'node:http';
import { ApiError } from '../errors.ts';
import { GrowingBuffer } from './growing-buffer.ts';

/** The client went away before its request was complete; there is nobody to answer. */
export class ClientGone extends Error {}

/** The refusal of a body above the limit. */
export const tooLarge = (maxBytes: number) =>
  new ApiError('BodyTooLarge', `The body is larger than ${maxBytes} bytes; send fewer elements in a request.`);

/** Reads the whole body of a request, up to a limit. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > maxBytes) throw tooLarge(maxBytes);
  return collect(request, new GrowingBuffer(announced), maxBytes);
}

function collect(request: IncomingMessage, body: GrowingBuffer, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    request.on('data', (chunk: Buffer) => {
      if (body.size + chunk.byteLength > maxBytes) reject(tooLarge(maxBytes));
      else body.add(chunk);
    });
    request.on('end', () => resolve(body.take()));
    request.on('close', () => {
      if (!request.complete) reject(new ClientGone('the client closed the connection'));
    });
    request.on('error', (error) => reject(new ClientGone('the connection broke', { cause: error })));
  });
}
