import type { ErrorRequestHandler, Express, Request } from 'express';
import express from 'express';
import { ApiError } from '../errors.ts';
import type { DataPlane } from '../serving/data-plane.ts';
import { sendError } from './send.ts';

const EXTENSIONS: readonly string[] = [];

/** Everything of Open Inference V2 but inference itself: health and metadata. */
export function createApp(plane: DataPlane, version: string): Express {
  const app = express();
  app.disable('x-powered-by').disable('etag').enable('strict routing').enable('case sensitive routing');
  app.get('/v2', (_request, response) => {
    response.json({ name: 'aimass', version, extensions: EXTENSIONS });
  });
  app.get('/v2/health/live', (_request, response) => {
    response.json({ live: true });
  });
  app.get('/v2/health/ready', async (_request, response) => {
    await plane.checkReady();
    response.json({ ready: true });
  });
  const paths = (tail: string) => [`/v2/models/:name${tail}`, `/v2/models/:name/versions/:version${tail}`];
  app.get(paths('/ready'), async (request: Request<Named>, response) => {
    plane.assertServed(request.params.name, request.params.version);
    await plane.checkReady();
    response.json({ name: plane.model.name, ready: true });
  });
  app.get(paths(''), (request: Request<Named>, response) => {
    plane.assertServed(request.params.name, request.params.version);
    response.json(plane.metadata());
  });
  app.use((request) => {
    throw unknownRoute(request);
  });
  app.use(answerError);
  return app;
}

interface Named {
  name: string;
  version?: string;
}

/** A known path with the wrong method is told apart from a path that does not exist. */
function unknownRoute({ method, path }: Request): ApiError {
  const shown = JSON.stringify(path.slice(0, 100));
  const takesPost = /^\/v2\/models\/[^/]+(\/versions\/[^/]+)?\/infer$/.test(path);
  const takesGet = /^\/v2(\/health\/(live|ready)|\/models\/[^/]+(\/versions\/[^/]+)?(\/ready)?)?$/.test(path);
  if (takesPost || takesGet)
    return new ApiError('MethodNotAllowed', `${method} is not for ${shown}; use ${takesPost ? 'POST' : 'GET'}.`);
  return new ApiError('UnknownRoute', `There is nothing at ${shown}; models answer at /v2/models/NAME/infer.`);
}

// Express tells error handlers by their four parameters.
// oxlint-disable-next-line max-params
const answerError: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  if (response.headersSent) return next(error);
  const isBadUrl = typeof error === 'object' && error !== null && 'status' in error && error.status === 400;
  sendError(
    response,
    isBadUrl ? new ApiError('InvalidRequest', 'The path cannot be decoded; encode it as UTF-8.') : error,
  );
};
