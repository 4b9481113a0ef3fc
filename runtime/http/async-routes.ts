import type { Request, Response } from 'express';
import express from 'express';
import { ApiError } from '../errors.ts';
import { refuse, show } from '../protocol/v2-request.ts';
import type { AsyncJob } from '../serving/async-job.ts';
import { describeJob, hasEnded } from '../serving/async-job.ts';
import type { AsyncJobs } from '../serving/async-jobs.ts';
import type { OrderNeeds } from './async-order.ts';
import { readOrder } from './async-order.ts';
import { preferredWaitMs, prefersAsync, waitMs } from './prefer.ts';
import { sendAnswer } from './send-answer.ts';
import type { Webhooks } from './webhook.ts';

/** Seconds after which a client should look again. */
const LOOK_AGAIN_SECONDS = '1';

/** What the routes of asynchronous requests need. */
export interface AsyncRoutesOptions extends OrderNeeds {
  webhooks: Webhooks;
}

type Named = Request<{ name: string; version?: string }>;
type WithId = Request<{ id: string }>;

/** Handing in requests without waiting for their answers: submit, look, fetch, cancel. */
export function createAsyncRoutes(options: AsyncRoutesOptions): express.Router {
  const { jobs } = options;
  const router = express.Router({ strict: true, caseSensitive: true });
  const submit = (request: Named, response: Response) => submitJob(request, response, options);
  const paths = (tail: string) => [`/v2/models/:name${tail}`, `/v2/models/:name/versions/:version${tail}`];
  router.post(paths('/jobs'), submit);
  router.post(paths('/infer'), (request: Named, response, next) => {
    if (!prefersAsync(request.headers)) return next();
    response.setHeader('preference-applied', 'respond-async');
    return submit(request, response);
  });
  router.get('/v2/jobs/:id', async (request: WithId, response) => {
    const job = jobs.find(request.params.id);
    await waitUntilEnded(job, response, { jobs, ms: readWait(request) });
    if (!hasEnded(job)) response.setHeader('retry-after', LOOK_AGAIN_SECONDS);
    response.json(describeJob(job));
  });
  router.get('/v2/jobs/:id/result', async (request: WithId, response) => {
    const job = jobs.find(request.params.id);
    await waitUntilEnded(job, response, { jobs, ms: readWait(request) });
    await sendResult(job, request, response);
  });
  router.delete('/v2/jobs/:id', (request: WithId, response) => {
    const job = jobs.find(request.params.id);
    const wasOver = hasEnded(job);
    jobs.remove(job.id);
    if (wasOver) response.status(204).end();
    else response.json(describeJob(job));
  });
  router.all('/v2/jobs/:id', ({ method }) => refuseMethod(method, 'GET or DELETE'));
  router.all('/v2/jobs/:id/result', ({ method }) => refuseMethod(method, 'GET'));
  router.all(paths('/jobs'), ({ method }) => refuseMethod(method, 'POST'));
  return router;
}

function refuseMethod(method: string, instead: string): never {
  throw new ApiError('MethodNotAllowed', `${method} is not for this path; use ${instead}.`);
}

async function submitJob(request: Named, response: Response, options: AsyncRoutesOptions): Promise<void> {
  const { jobs, webhooks } = options;
  const { params, headers } = request;
  const given = headers['webhook-url'];
  const webhook = given === undefined ? undefined : webhooks.check(String(given));
  const order = await readOrder(request, { name: params.name, version: params.version }, options);
  const job = jobs.submit({ ...order, webhook });
  const ms = preferredWaitMs(headers);
  await waitUntilEnded(job, response, { jobs, ms });
  response.setHeader('location', `/v2/jobs/${job.id}`);
  if (ms > 0 && hasEnded(job)) return sendResult(job, request, response);
  response.setHeader('retry-after', LOOK_AGAIN_SECONDS);
  response.status(202).json(describeJob(job));
}

function readWait({ query }: WithId): number {
  const { wait } = query;
  if (wait === undefined) return 0;
  if (typeof wait !== 'string' || !/^\d{1,6}(\.\d{1,3})?$/.test(wait))
    refuse('wait', `is ${show(wait)}; send the number of seconds to wait for the job.`);
  return waitMs(Number(wait));
}

interface Waiting {
  jobs: AsyncJobs;
  ms: number;
}

/** Holds an answer back until the job has ended, the time is over, or the client has gone. */
async function waitUntilEnded(job: AsyncJob, response: Response, { jobs, ms }: Waiting): Promise<void> {
  if (ms === 0 || hasEnded(job)) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const forget = jobs.onceEnded(job, resolve);
  const timer = setTimeout(resolve, ms);
  response.once('close', resolve);
  await promise;
  clearTimeout(timer);
  response.off('close', resolve);
  forget();
}

/** Exactly what the model's answer to the request would have been, errors included. */
async function sendResult(job: AsyncJob, request: Request, response: Response): Promise<void> {
  if (!hasEnded(job))
    throw new ApiError(
      'Conflict',
      `The job is ${job.status}; ask again, or with ?wait=SECONDS to be told when it has ended.`,
    );
  if (request.method !== 'HEAD') job.wasFetched = true;
  if (job.answer === undefined) throw job.failure ?? new ApiError('UnknownJob', 'The answer was kept long enough.');
  await sendAnswer(request, response, job.answer);
}
