import { setTimeout as delay } from 'node:timers/promises';
import { describeJob } from '../serving/async-job.ts';
import type { AsyncJob, WebhookState } from '../serving/async-job.ts';
import type { WebhookHosts } from './webhook-hosts.ts';
import { signWebhook } from './webhook-signature.ts';

/** Pauses between tries: the receiver may be restarting, or in trouble for a while. */
const PAUSES_MS = [1_000, 5_000, 30_000, 120_000] as const;
const ATTEMPT_MS = 10_000;
const AT_ONCE = 8;
/** Larger answers are left to be fetched. */
const MAX_RESULT_BYTES = 1024 * 1024;
/** The receiver wants no more of these. */
const GONE = 410;

/** How webhooks are sent. */
export interface WebhooksOptions {
  hosts: WebhookHosts;
  /** Signs what is sent. */
  secret: Buffer;
  /** An authority to trust beside those of the system. */
  caFile?: string | undefined;
  pausesMs?: readonly number[];
  attemptMs?: number;
}

/** Tells the servers of clients that their jobs have ended. */
export class Webhooks {
  readonly #options: WebhooksOptions;
  readonly #waiting: AsyncJob[] = [];
  readonly #active = new Set<Promise<void>>();
  readonly #abort = new AbortController();
  readonly #sent = { delivered: 0, failed: 0 };

  constructor(options: WebhooksOptions) {
    this.#options = options;
  }

  /** Deliveries by their outcome. */
  get figures(): Readonly<{ delivered: number; failed: number }> {
    return this.#sent;
  }

  /** Reads the address that a client gives, or says why it is refused. */
  check(text: string): URL {
    return this.#options.hosts.check(text);
  }

  /** Notes that a job has ended; tells so when there is whom to tell. */
  notify(job: AsyncJob): void {
    if (job.webhook === undefined) return;
    job.webhookState = { status: 'pending', attempts: 0 };
    this.#waiting.push(job);
    this.#startNext();
  }

  /** Waits for deliveries that are under way, for a time; then gives them up. */
  async drain(graceMs: number): Promise<void> {
    const timer = setTimeout(() => this.#abort.abort(), graceMs);
    while (this.#active.size > 0) await Promise.race(this.#active);
    clearTimeout(timer);
  }

  #startNext(): void {
    while (this.#active.size < AT_ONCE) {
      const job = this.#waiting.shift();
      if (job === undefined) return;
      const delivery = this.#deliver(job).finally(() => {
        this.#active.delete(delivery);
        this.#startNext();
      });
      this.#active.add(delivery);
    }
  }

  async #deliver(job: AsyncJob): Promise<void> {
    const { pausesMs = PAUSES_MS } = this.#options;
    const body = messageFor(job);
    for (let attempts = 1; ; attempts += 1) {
      const failure = await this.#try(job, body);
      const pauseMs = pausesMs[attempts - 1];
      if (failure === undefined) return this.#settle(job, { status: 'delivered', attempts });
      const { error } = failure;
      if (failure.isFinal || pauseMs === undefined || this.#abort.signal.aborted)
        return this.#settle(job, { status: 'failed', attempts, error });
      job.webhookState = { status: 'pending', attempts, error };
      await this.#pause(pauseMs);
    }
  }

  #settle(job: AsyncJob, state: WebhookState & { status: 'delivered' | 'failed' }): void {
    job.webhookState = state;
    this.#sent[state.status] += 1;
  }

  /** One try; gives the reason when it did not work. */
  async #try(job: AsyncJob, body: Buffer): Promise<Failure | undefined> {
    const { hosts, secret, caFile, attemptMs = ATTEMPT_MS } = this.#options;
    const { webhook: url } = job;
    if (url === undefined) return undefined;
    // The client for HTTP is loaded when there is something to send: servers without webhooks start without it.
    const { HttpClient } = await import('../repository/http-client.ts');
    const signal = AbortSignal.any([AbortSignal.timeout(attemptMs), this.#abort.signal]);
    const client = new HttpClient({ addresses: hosts.addresses, caFile, signal, idleTimeoutMs: attemptMs });
    try {
      const signature = signWebhook(body, { id: `msg_${job.id}`, secret, nowMs: Date.now() });
      const headers = { 'content-type': 'application/json', ...signature };
      // Redirects are not followed: they would lead around the list of hosts.
      const reply = await client.send(url, { method: 'POST', headers, body, allowPlainHttp: url.protocol === 'http:' });
      // What the receiver says beside its status is of no interest, however long it is.
      reply.body.on('error', () => {}).destroy();
      if (reply.status >= 200 && reply.status < 300) return undefined;
      return { error: `${url.host} answered ${reply.status}.`, isFinal: reply.status === GONE };
    } catch (error) {
      return { error: signal.aborted ? `${url.host} did not answer in time.` : describe(error, url), isFinal: false };
    } finally {
      await client.close();
    }
  }

  /** Waits before the next try, unless everything is to end. */
  async #pause(ms: number): Promise<void> {
    const { signal } = this.#abort;
    await delay(ms, undefined, { signal }).catch(() => {});
  }
}

interface Failure {
  error: string;
  /** Trying again is not wanted. */
  isFinal: boolean;
}

/** Nothing of the network behind us is told but whether the host could be reached. */
function describe(error: unknown, url: URL): string {
  const isRefused = error instanceof Error && 'reason' in error && error.reason === 'SourceRefused';
  return isRefused
    ? `${url.host} has an address or a certificate that is not allowed.`
    : `${url.host} cannot be reached.`;
}

/** The message: what GET of the job says, and its answer where that is JSON and not too long. */
function messageFor(job: AsyncJob): Buffer {
  const { answer, status, finishedAt = 0 } = job;
  const { webhook: _state, ...data } = describeJob(job);
  const head = JSON.stringify({ type: `job.${status}`, timestamp: new Date(finishedAt).toISOString(), data });
  const isJson = answer?.headers['content-type'] === 'application/json';
  const size = answer?.body.reduce((sum, chunk) => sum + chunk.byteLength, 0) ?? 0;
  if (answer === undefined || !isJson || size > MAX_RESULT_BYTES) return Buffer.from(head);
  // The answer is put in as it is, so that no digit of it changes.
  return Buffer.concat([Buffer.from(`${head.slice(0, -2)},"result":`), ...answer.body, Buffer.from('}}')]);
}
