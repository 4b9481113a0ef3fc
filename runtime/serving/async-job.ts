import type { ApiError } from '../errors.ts';
import type { Call } from './call.ts';
import type { ModelTarget } from './plane.ts';

export type JobStatus = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled';

/** An answer that is kept until somebody fetches it. */
export interface KeptAnswer {
  headers: Record<string, string>;
  body: readonly Uint8Array[];
}

/** What a client calls its request, and the digest of what it was. */
interface JobKey {
  text: string;
  digest: string;
}

/** What a client hands in. */
export interface JobOrder {
  target: ModelTarget;
  call: Call;
  /** Bytes that the request holds while it waits. */
  bytes: number;
  /** Runs the model; may be called again where trying again can help. */
  run: () => Promise<KeptAnswer>;
  /** Handing in the same again under the same key gives the same job. */
  key?: JobKey | undefined;
  webhook?: URL | undefined;
}

/** How far telling the client's server has come. */
export interface WebhookState {
  status: 'pending' | 'delivered' | 'failed';
  attempts: number;
  error?: string;
}

/** An asynchronous request, from being handed in to being forgotten. Times are milliseconds since 1970. */
export interface AsyncJob {
  readonly id: string;
  readonly target: ModelTarget;
  readonly createdAt: number;
  readonly webhook: URL | undefined;
  readonly key: JobKey | undefined;
  status: JobStatus;
  startedAt?: number;
  finishedAt?: number;
  /** When it is given up, and once it has ended, when it is forgotten. */
  expiresAt: number;
  /** Bytes that it holds now. */
  bytes: number;
  /** Gone once it has ended. */
  order: JobOrder | undefined;
  answer?: KeptAnswer;
  failure?: ApiError;
  /** The answer was fetched; it may go when room is needed. */
  wasFetched: boolean;
  webhookState?: WebhookState;
}

/** True once nothing will change any more but that it is forgotten. */
export const hasEnded = ({ status }: AsyncJob): boolean => status !== 'queued' && status !== 'running';

const time = (ms: number) => new Date(ms).toISOString();

/** A job as clients see it. */
export function describeJob(job: AsyncJob): Record<string, unknown> {
  const { id, status, target, createdAt, startedAt, finishedAt, expiresAt, failure, webhookState } = job;
  return {
    id,
    status,
    model_name: target.name,
    ...(target.version !== undefined && { model_version: target.version }),
    created: time(createdAt),
    ...(startedAt !== undefined && { started: time(startedAt) }),
    ...(finishedAt !== undefined && { finished: time(finishedAt) }),
    expires: time(expiresAt),
    ...(failure !== undefined && { error: failure.message }),
    ...(webhookState !== undefined && { webhook: webhookState }),
  };
}
