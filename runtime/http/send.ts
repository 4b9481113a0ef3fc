import type { ServerResponse } from 'node:http';
import { ApiErrorCode, toApiError } from '../errors.ts';

/** Seconds after which a client may ask again when asking again can help. */
const RETRY_AFTER_SECONDS = '1';

const SMALL_BYTES = 16 * 1024;

type Headers = Record<string, string | number>;

/** Sends an answer that is ready. */
export function sendBody(response: ServerResponse, headers: Headers, body: string | readonly Uint8Array[]): void {
  if (typeof body === 'string') sendText(response, headers, body);
  else sendChunks(response, headers, body);
}

function sendText(response: ServerResponse, headers: Headers, text: string): void {
  const size = Buffer.byteLength(text);
  response.writeHead(200, { ...headers, 'content-length': size });
  // Text without other characters than ASCII needs no conversion.
  response.end(text, size === text.length ? 'latin1' : 'utf8');
}

function sendChunks(response: ServerResponse, headers: Headers, chunks: readonly Uint8Array[]): void {
  const size = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
  response.writeHead(200, { ...headers, 'content-length': size });
  if (size <= SMALL_BYTES) {
    // As a text of bytes it is written together with the head, in one piece.
    response.end(Buffer.concat(chunks, size).toString('latin1'), 'latin1');
    return;
  }
  response.cork();
  for (const chunk of chunks) response.write(chunk);
  response.end();
}

/** Sends JSON text. */
function sendJson(response: ServerResponse, status: number, text: string): void {
  const body = Buffer.from(text);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': body.byteLength });
  response.end(body);
}

/** Sends an error as Open Inference V2 has it; the one place where errors become HTTP. */
export function sendError(response: ServerResponse, error: unknown): number {
  const known = toApiError(error);
  if (ApiErrorCode[known.code].retryable) response.setHeader('retry-after', RETRY_AFTER_SECONDS);
  sendJson(response, known.httpStatus, JSON.stringify({ error: known.message }));
  return known.httpStatus;
}
