import { timingSafeEqual, createHash } from 'node:crypto';
import type { Request, RequestHandler } from 'express';
import express from 'express';
import { ApiError } from '../errors.ts';
import { refuse } from '../protocol/v2-request.ts';
import type { Plane } from '../serving/plane.ts';

const MAX_BODY = '64kb';

/** The repository extension over HTTP: index, load, unload. Refused by the plane where it is off. */
export function createRepositoryRoutes(plane: Plane, token: string | undefined): express.Router {
  const router = express.Router({ strict: true, caseSensitive: true });
  router.use('/v2/repository', requireToken(token), express.json({ limit: MAX_BODY, type: () => true }));
  router.post('/v2/repository/index', (request, response) => {
    response.json(plane.index((request.body as Asked | undefined)?.ready === true));
  });
  router.post('/v2/repository/models/:name/load', async (request: Request<Named>, response) => {
    refuseOverrides((request.body as Asked | undefined)?.parameters);
    await plane.load(request.params.name);
    response.json({});
  });
  router.post('/v2/repository/models/:name/unload', async (request: Request<Named>, response) => {
    await plane.unload(request.params.name);
    response.json({});
  });
  return router;
}

interface Named {
  name: string;
}

interface Asked {
  ready?: unknown;
  parameters?: unknown;
}

/** Models come from the repository; a client that brings its own files or configuration is refused. */
function refuseOverrides(parameters: unknown): void {
  if (typeof parameters !== 'object' || parameters === null) return;
  const name = Object.keys(parameters).find((key) => key === 'config' || key.startsWith('file:'));
  if (name !== undefined)
    refuse(`parameters.${JSON.stringify(name.slice(0, 60))}`, 'is not offered; put the files into the repository.');
}

const digest = (text: string) => createHash('sha256').update(text).digest();

/** Lets nobody pass without the token, where there is one. */
function requireToken(token: string | undefined): RequestHandler {
  return (request, _response, next) => {
    assertToken(token, request.headers.authorization);
    next();
  };
}

/** True for the header that carries the token, or where none is asked for. Compares in a time that tells nothing of it. */
export function hasToken(token: string | undefined, authorization: string | undefined): boolean {
  if (token === undefined) return true;
  const given = /^Bearer (.+)$/i.exec(authorization ?? '')?.[1] ?? '';
  return timingSafeEqual(digest(given), digest(token));
}

/** Refuses a header without the token, where one is asked for. */
export function assertToken(token: string | undefined, authorization: string | undefined): void {
  if (!hasToken(token, authorization))
    throw new ApiError('Unauthenticated', 'The header authorization lacks the right token; send "Bearer TOKEN".');
}
