import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Request, Response } from 'express';
import express from 'express';
import { ApiError } from '../errors.ts';
import type { Plane } from '../serving/plane.ts';
import type { TaskRunner } from './run-task.ts';
import type { Style } from '../tasks/work.ts';
import { ClientGone } from './read-body.ts';
import { sendBody, sendError } from './send.ts';
import { callOf, onlyModelOf, readTaskBody } from './task-request.ts';

/** What the routes of tasks need. */
export interface TaskRoutesOptions {
  plane: Plane;
  tasks: TaskRunner;
  maxBodyBytes: number;
  /** Told of answers that are the server's fault. */
  onFailure: (error: unknown) => void;
}

/** A path of the task endpoints. */
interface Route {
  paths: string[];
  style: Style;
  /** The task that the shapes of this path stand for. */
  task?: string;
}

const withSlash = (path: string) => [path, `${path}/`];

const ROUTES: readonly Route[] = [
  { paths: ['/', ...withSlash('/models/:name'), ...withSlash('/models/:name/pipeline/:task')], style: 'huggingface' },
  { paths: ['/embed', '/models/:name/embed'], style: 'embed', task: 'feature-extraction' },
  { paths: ['/rerank', '/models/:name/rerank'], style: 'rerank', task: 'text-ranking' },
];

interface Named {
  name?: string;
  task?: string;
}

/** Tasks in the shapes of Hugging Face, and embedding and ranking in those of its text server. */
export function createTaskRouter({ plane, tasks, maxBodyBytes, onFailure }: TaskRoutesOptions): express.Router {
  const router = express.Router({ strict: true, caseSensitive: true });
  const answer = async (request: Request<Named>, response: Response, { style, task }: Route): Promise<void> => {
    const { name, task: asked } = request.params;
    const target = { name: name ?? onlyModelOf(plane) };
    const body = await readTaskBody(request, maxBodyBytes);
    const call = callOf(request, response);
    const reply = await tasks.run({ target, task: task ?? asked, style, body, call });
    sendBody(response, { 'content-type': 'application/json' }, [reply]);
  };
  for (const route of ROUTES) {
    router.post(route.paths, async (request: Request<Named>, response) => {
      await answer(request, response, route).catch((error: unknown) =>
        refuseRequest(request, response, { error, onFailure }),
      );
    });
  }
  const known = ROUTES.flatMap(({ paths }) => paths).filter((path) => path !== '/');
  router.all(known, ({ method, path }) => {
    throw new ApiError('MethodNotAllowed', `${method} is not for ${JSON.stringify(path.slice(0, 100))}; use POST.`);
  });
  return router;
}

function refuseRequest(
  request: IncomingMessage,
  response: ServerResponse,
  { error, onFailure }: { error: unknown; onFailure: (error: unknown) => void },
): void {
  if (error instanceof ClientGone || response.destroyed) return;
  // What is left of the request is not read, so the connection cannot carry another one.
  if (!request.complete) response.setHeader('connection', 'close');
  if (sendError(response, error) >= 500) onFailure(error);
}
