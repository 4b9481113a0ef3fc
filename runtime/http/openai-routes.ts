import type { Request, Response } from 'express';
import express from 'express';
import { ApiError, ApiErrorCode, toApiError } from '../errors.ts';
import type { TaskRoutesOptions } from './task-routes.ts';
import { ClientGone } from './read-body.ts';
import { sendBody } from './send.ts';
import { callOf, readTaskBody } from './task-request.ts';

/** What the routes of OpenAI's API need. */
export interface OpenAiRoutesOptions extends TaskRoutesOptions {
  /** The models that are served now, by name. */
  modelNames: () => Promise<string[]> | string[];
}

/** Fields of a request that an error can be about. */
const PARAMETER = /^(input|model|encoding_format|dimensions|user)\b/;
const CREATED = Math.floor(Date.now() / 1000);

const entry = (id: string) => ({ id, object: 'model', created: CREATED, owned_by: 'aimass' });

function errorBody(error: ApiError): string {
  const { message, code, httpStatus } = error;
  const isMissing = code === 'UnknownModel';
  const type = httpStatus < 500 ? 'invalid_request_error' : 'server_error';
  const param = isMissing ? 'model' : (PARAMETER.exec(message)?.[1] ?? null);
  return JSON.stringify({ error: { message, type, param, code: isMissing ? 'model_not_found' : null } });
}

function sendOpenAiError(response: Response, error: unknown): number {
  const known = toApiError(error);
  if (ApiErrorCode[known.code].retryable) response.setHeader('retry-after', '1');
  response.status(known.httpStatus).type('application/json').send(errorBody(known));
  return known.httpStatus;
}

type Asked = Request<{ model?: string }>;
type Answer = (request: Asked, response: Response) => Promise<void>;

/** Whatever goes wrong is told in OpenAI's shape. */
const guard =
  (onFailure: (error: unknown) => void, answer: Answer): Answer =>
  async (request, response) => {
    try {
      await answer(request, response);
    } catch (error) {
      if (error instanceof ClientGone || response.destroyed) return;
      if (!request.complete) response.setHeader('connection', 'close');
      if (sendOpenAiError(response, error) >= 500) onFailure(error);
    }
  };

const refuseMethod: Answer = async ({ method, path }) => {
  const right = path === '/v1/embeddings' ? 'POST' : 'GET';
  throw new ApiError('MethodNotAllowed', `${method} is not for ${JSON.stringify(path.slice(0, 100))}; use ${right}.`);
};

const embed =
  ({ plane, tasks, maxBodyBytes }: OpenAiRoutesOptions): Answer =>
  async (request, response) => {
    const body = await readTaskBody(request, maxBodyBytes);
    const name = (await tasks.modelOf(body)) ?? plane.onlyModel ?? '';
    const asked = { target: { name }, task: 'feature-extraction', style: 'openai', body } as const;
    const reply = await tasks.run({ ...asked, call: callOf(request, response) });
    sendBody(response, { 'content-type': 'application/json' }, [reply]);
  };

/** `/v1/embeddings` and `/v1/models`, with errors in OpenAI's shape. */
export function createOpenAiRouter(options: OpenAiRoutesOptions): express.Router {
  const { plane, onFailure, modelNames } = options;
  const router = express.Router({ strict: true, caseSensitive: true });
  const list: Answer = async (_request, response) => {
    response.json({ object: 'list', data: (await modelNames()).map(entry) });
  };
  const show: Answer = async (request, response) => {
    const { name } = await plane.files({ name: request.params.model ?? '' });
    response.json(entry(name));
  };
  router.post('/v1/embeddings', guard(onFailure, embed(options)));
  router.get('/v1/models', guard(onFailure, list));
  router.get('/v1/models/:model', guard(onFailure, show));
  router.all(['/v1/embeddings', '/v1/models', '/v1/models/:model'], guard(onFailure, refuseMethod));
  return router;
}
