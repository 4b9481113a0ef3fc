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

/** Bodies that are being received may take so many bytes together, so that slow clients cannot fill the memory. */
const MIN_ROOM_BYTES = 256 * 1024 * 1024;
/** Bytes of bodies that are being received now, over all connections. */
let receivedBytes = 0;

function collect(request: IncomingMessage, body: GrowingBuffer, maxBytes: number): Promise<Buffer> {
  const roomBytes = Math.max(MIN_ROOM_BYTES, 4 * maxBytes);
  let isOver = false;
  const finish = (end: () => void) => {
    if (isOver) return;
    isOver = true;
    receivedBytes -= body.size;
    end();
  };
  return new Promise((resolve, reject) => {
    const give = (error: Error) => finish(() => reject(error));
    request.on('data', (chunk: Buffer) => {
      if (isOver) return;
      if (body.size + chunk.byteLength > maxBytes) return give(tooLarge(maxBytes));
      if (receivedBytes + chunk.byteLength > roomBytes) return give(noRoom());
      receivedBytes += chunk.byteLength;
      body.add(chunk);
    });
    request.on('end', () => finish(() => resolve(body.take())));
    request.on('close', () => {
      if (!request.complete) give(new ClientGone('the client closed the connection'));
    });
    request.on('error', (error) => give(new ClientGone('the connection broke', { cause: error })));
  });
}

const noRoom = () =>
  new ApiError('QueueFull', 'The bodies of other requests take all the room there is for them; ask again.');
