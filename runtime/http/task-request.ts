import type { IncomingMessage, ServerResponse } from 'node:http';
import { Call } from '../serving/call.ts';
import type { Plane } from '../serving/plane.ts';
import { ApiError } from '../errors.ts';
import type { TaskBody } from '../tasks/work.ts';
import { decompress } from './compression.ts';
import { readBody } from './read-body.ts';

/** Reads the body of a task request as it is, uncompressed. */
export async function readTaskBody(request: IncomingMessage, maxBodyBytes: number): Promise<TaskBody> {
  const { 'content-encoding': encoding, 'content-type': contentType } = request.headers;
  const body = await readBody(request, maxBodyBytes);
  const bytes = encoding === undefined ? body : await decompress(body, encoding, maxBodyBytes);
  return { bytes, contentType: contentType?.toLowerCase() };
}

/** The call of a request; it is cancelled when the client leaves. */
export function callOf(request: IncomingMessage, response: ServerResponse): Call {
  const call = new Call(request.socket.remoteAddress);
  response.on('close', () => {
    if (!response.writableFinished) call.cancel();
  });
  return call;
}

/** The model of a request that names none. */
export function onlyModelOf(plane: Plane): string {
  const name = plane.onlyModel;
  if (name === undefined)
    throw new ApiError(
      'UnknownModel',
      'This server does not serve exactly one model; name one in the path: /models/NAME.',
    );
  return name;
}
