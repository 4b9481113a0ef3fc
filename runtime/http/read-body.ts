import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { ApiError } from '../errors.ts';

/** The client went away before its request was complete; there is nobody to answer. */
export class ClientGone extends Error {}

const tooLarge = (maxBytes: number) =>
  new ApiError('BodyTooLarge', `The body is larger than ${maxBytes} bytes; send fewer elements in a request.`);

/** Reads the whole body of a request as text, up to a limit. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<string> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const body = await collect(request, maxBytes);
  if (!isUtf8(body)) throw new ApiError('InvalidJson', 'The body is not UTF-8 text; send JSON in UTF-8.');
  return body.toString('utf8');
}

function collect(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.byteLength;
      if (size <= maxBytes) chunks.push(chunk);
      else reject(tooLarge(maxBytes));
    });
    request.on('end', () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
    request.on('close', () => reject(new ClientGone('the client closed the connection')));
    request.on('error', (error) => reject(new ClientGone('the connection broke', { cause: error })));
  });
}
