import type { ServerResponse } from 'node:http';
import { ApiErrorCode, toApiError } from '../errors.ts';

/** Seconds after which a client may ask again when asking again can help. */
const RETRY_AFTER_SECONDS = '1';

/** Sends JSON text. */
export function sendJson(response: ServerResponse, status: number, text: string): void {
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
