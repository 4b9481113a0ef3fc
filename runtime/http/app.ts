import type { ErrorRequestHandler, Express, Request, RequestHandler } from 'express';
import express from 'express';
import { ApiError } from '../errors.ts';
import type { ModelTarget, Plane } from '../serving/plane.ts';
import { createRepositoryRoutes } from './repository-routes.ts';
import { sendError } from './send.ts';

/** What the routes beside inference need. */
export interface AppOptions {
  plane: Plane;
  /** Asked of those who load and unload models. */
  repositoryToken?: string | undefined;
  /** Submitting requests without waiting; takes those with `Prefer: respond-async`, too. */
  asyncRoutes?: RequestHandler | undefined;
  /** Routers of other protocols: tasks, OpenAI. */
  routers?: readonly RequestHandler[];
}

/** Everything of Open Inference V2 but inference itself: health, metadata, statistics, the repository. */
export function createApp({ plane, repositoryToken, asyncRoutes, routers = [] }: AppOptions): Express {
  const app = express();
  app.disable('x-powered-by').disable('etag').enable('strict routing').enable('case sensitive routing');
  app.get(['/v2', '/v2/'], (_request, response) => {
    response.json({ name: plane.name, version: plane.version, extensions: plane.extensions });
  });
  app.get('/v2/health/live', (_request, response) => {
    response.json({ live: true });
  });
  app.get('/v2/health/ready', async (_request, response) => {
    await plane.checkReady();
    response.json({ ready: true });
  });
  app.get('/v2/models/stats', async (_request, response) => {
    response.json({ model_stats: await plane.statistics() });
  });
  addModelRoutes(app, plane);
  app.use(createRepositoryRoutes(plane, repositoryToken));
  if (asyncRoutes !== undefined) app.use(asyncRoutes);
  for (const router of routers) app.use(router);
  app.use((request) => {
    throw unknownRoute(request);
  });
  app.use(answerError);
  return app;
}

type Named = Request<{ name: string; version?: string }>;
const targetOf = ({ params: { name, version } }: Named): ModelTarget => ({ name, version });

function addModelRoutes(app: Express, plane: Plane): void {
  const paths = (tail: string) => [`/v2/models/:name${tail}`, `/v2/models/:name/versions/:version${tail}`];
  app.get(paths('/ready'), async (request: Named, response) => {
    await plane.checkModelReady(targetOf(request));
    response.json({ name: request.params.name, ready: true });
  });
  app.get(paths(''), async (request: Named, response) => {
    response.json(await plane.metadata(targetOf(request)));
  });
  app.get(paths('/config'), async (request: Named, response) => {
    response.json(await plane.config(targetOf(request)));
  });
  app.get(paths('/stats'), async (request: Named, response) => {
    response.json({ model_stats: await plane.statistics(targetOf(request)) });
  });
}

/** A known path with the wrong method is told apart from a path that does not exist. */
function unknownRoute({ method, path }: Request): ApiError {
  const shown = JSON.stringify(path.slice(0, 100));
  const takesPost =
    /^\/v2\/(models\/[^/]+(\/versions\/[^/]+)?\/infer|repository\/(index|models\/[^/]+\/(load|unload)))$/.test(path);
  const takesGet =
    /^\/v2(\/health\/(live|ready)|\/models\/stats|\/models\/[^/]+(\/versions\/[^/]+)?(\/(ready|config|stats))?)?$/.test(
      path,
    );
  if (takesPost || takesGet)
    return new ApiError('MethodNotAllowed', `${method} is not for ${shown}; use ${takesPost ? 'POST' : 'GET'}.`);
  return new ApiError('UnknownRoute', `There is nothing at ${shown}; models answer at /v2/models/NAME/infer.`);
}

// Express tells error handlers by their four parameters.
// oxlint-disable-next-line max-params
const answerError: ErrorRequestHandler = (error: unknown, request, response, next) => {
  if (response.headersSent) return next(error);
  if (!request.complete) response.setHeader('connection', 'close');
  sendError(response, fromExpress(error));
};

/** What Express and its body parser find wrong carries a status. */
function fromExpress(error: unknown): unknown {
  if (error instanceof ApiError || typeof error !== 'object' || error === null || !('status' in error)) return error;
  const kind = 'type' in error ? String(error.type) : '';
  if (error.status === 413) return new ApiError('BodyTooLarge', 'The body is larger than this route takes; send less.');
  if (error.status === 415)
    return new ApiError('UnsupportedContent', 'The encoding of the body is not known here; send JSON.');
  if (error.status !== 400) return error;
  return kind.startsWith('entity')
    ? new ApiError('InvalidJson', 'The body is not JSON; send one JSON object.')
    : new ApiError('InvalidRequest', 'The path cannot be decoded; encode it as UTF-8.');
}
