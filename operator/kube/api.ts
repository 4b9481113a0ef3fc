import type { Dispatcher } from 'undici';
import { sleep, type Clock } from '../loop/clock.ts';
import type { Random } from '../loop/backoff.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { ApiError } from './api-errors.ts';
import type { Connection } from './connection.ts';
import { Slots } from './slots.ts';

/** One request to the API server. */
export interface ApiCall {
  /** For metrics: get, list, create, apply, status, delete, watch. */
  verb: string;
  /** For metrics: the plural of the kind. */
  resource: string;
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  query?: Readonly<Record<string, string | number | boolean | undefined>>;
  body?: unknown;
  contentType?: string;
  timeoutMs?: number;
  /** Neither waits for a free slot nor after a 429: for the Lease. */
  urgent?: boolean;
}

/** What an `Api` needs from outside. */
export interface ApiDeps {
  connection: Connection;
  clock: Clock;
  metrics: Metrics;
  random: Random;
  userAgent: string;
  maxInFlight?: number;
  timeoutMs?: number;
  /** Asked before each write that is not urgent: a process that lost its lead must not write, whatever its timers say. */
  mayWrite?: () => boolean;
}

/** Takes what is wanted out of an answer. */
type ReadAnswer<T> = (answer: Dispatcher.ResponseData) => Promise<T>;

const MAX_RETRIES = 3;
/** Waiting longer inside a request would only block a worker: the queue has a better backoff. */
const MAX_RETRY_AFTER_MS = 10_000;
const DEFAULT_TIMEOUT_MS = 30_000;

/** Requests with timeouts, a limit on how many run at once, and answers 429 and 503 waited out. */
export class Api {
  readonly #deps: ApiDeps;
  readonly #slots: Slots;
  /** After a 429 nobody sends until then. */
  #quietUntil = 0;

  constructor(deps: ApiDeps) {
    this.#deps = deps;
    this.#slots = new Slots(deps.maxInFlight ?? 32);
  }

  /** Sends a request and gives its answer; throws ApiError for anything but 2xx. */
  request<T>(call: ApiCall): Promise<T> {
    return this.#again(call, async ({ body }) => (await body.json()) as T);
  }

  /** Sends a request whose answer is a text, such as the log of a pod. */
  text(call: ApiCall): Promise<string> {
    return this.#again(call, ({ body }) => body.text());
  }

  async #again<T>(call: ApiCall, read: ReadAnswer<T>): Promise<T> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#once(call, read);
      } catch (error) {
        const waitMs = attempt < MAX_RETRIES ? this.#retryAfter(error) : undefined;
        if (waitMs === undefined || call.urgent === true) throw error;
        this.#deps.metrics.apiThrottled.inc();
        this.#quietUntil = Math.max(this.#quietUntil, this.#deps.clock.monotonic() + waitMs);
      }
    }
  }

  /** Opens a stream, such as a watch; the signal closes it. Only the answer's headers have a timeout. */
  async stream(call: ApiCall, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    return this.#timed(call, async (timeout) => {
      const answer = await this.#send(call, AbortSignal.any([signal, timeout.signal]));
      timeout.cancel();
      return answer.body;
    });
  }

  #once<T>(call: ApiCall, read: ReadAnswer<T>): Promise<T> {
    const run = (): Promise<T> => this.#timed(call, async ({ signal }) => read(await this.#send(call, signal)));
    return call.urgent === true ? run() : this.#slots.run(() => this.#whenNotThrottled(run));
  }

  async #whenNotThrottled<T>(run: () => Promise<T>): Promise<T> {
    const { clock, random } = this.#deps;
    for (let left = this.#quietUntil - clock.monotonic(); left > 0; left = this.#quietUntil - clock.monotonic()) {
      await sleep(clock, left * (1 + random() * 0.5));
    }
    return run();
  }

  /** Only answers that say so, and that mean "not done", are tried again here. */
  #retryAfter(error: unknown): number | undefined {
    if (!(error instanceof ApiError) || (error.code !== 429 && error.code !== 503)) return undefined;
    const waitMs = error.retryAfterMs ?? (error.code === 429 ? 1_000 : undefined);
    return waitMs === undefined || waitMs > MAX_RETRY_AFTER_MS ? undefined : waitMs;
  }

  async #timed<T>(call: ApiCall, run: (timeout: Timeout) => Promise<T>): Promise<T> {
    const { clock, metrics } = this.#deps;
    const started = clock.monotonic();
    const limitMs = call.timeoutMs ?? this.#deps.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const timeout = startTimeout(clock, limitMs, `${call.method} ${call.path}`);
    let code = 'error';
    try {
      const result = await run(timeout);
      code = '2xx';
      return result;
    } catch (error) {
      if (error instanceof ApiError) code = String(error.code);
      throw timeout.error ?? error;
    } finally {
      timeout.cancel();
      metrics.apiRequests.inc({ verb: call.verb, resource: call.resource, code });
      metrics.apiDuration.observe({ verb: call.verb }, (clock.monotonic() - started) / 1000);
    }
  }

  async #send(call: ApiCall, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const { connection, userAgent } = this.#deps;
    const { headers, dispatcher } = await connection.credentials();
    const hasBody = call.body !== undefined;
    this.#checkLead(call);
    const answer = await dispatcher.request({
      origin: connection.server,
      path: call.path + queryText(call.query),
      method: call.method,
      headers: {
        ...headers,
        accept: 'application/json',
        'user-agent': userAgent,
        ...(hasBody ? { 'content-type': call.contentType ?? 'application/json' } : {}),
      },
      body: hasBody ? JSON.stringify(call.body) : null,
      signal,
    });
    if (answer.statusCode >= 200 && answer.statusCode < 300) return answer;
    if (answer.statusCode === 401) connection.invalidate();
    throw await readError(answer, call);
  }

  #checkLead(call: ApiCall): void {
    const isWrite = call.method !== 'GET' && call.urgent !== true;
    if (isWrite && this.#deps.mayWrite?.() === false) {
      throw new Error(`${call.method} ${call.path}: not sent, because this process does not lead`);
    }
  }
}

interface Timeout {
  signal: AbortSignal;
  cancel: () => void;
  error: Error | undefined;
}

function startTimeout(clock: Clock, limitMs: number, what: string): Timeout {
  const controller = new AbortController();
  const timeout: Timeout = { signal: controller.signal, cancel: () => timer.cancel(), error: undefined };
  const timer = clock.after(limitMs, () => {
    timeout.error = new Error(`${what}: no answer within ${limitMs} ms`);
    controller.abort(timeout.error);
  });
  return timeout;
}

function queryText(query: ApiCall['query']): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined) params.set(name, String(value));
  }
  return params.size === 0 ? '' : `?${params.toString()}`;
}

async function readError(answer: Dispatcher.ResponseData, call: ApiCall): Promise<ApiError> {
  const text = await answer.body.text();
  const status = parseStatus(text);
  const detail = status.message ?? text.slice(0, 200).trim();
  const header = answer.headers['retry-after'];
  const seconds = Number(Array.isArray(header) ? header[0] : header);
  return new ApiError({
    code: answer.statusCode,
    reason: status.reason ?? '',
    message: `${call.method} ${call.path}: ${answer.statusCode} ${detail}`,
    detail,
    retryAfterMs: Number.isFinite(seconds) ? seconds * 1000 : undefined,
  });
}

/** Not every error comes from the API server itself: a proxy answers in HTML, a missing API group in plain text. */
function parseStatus(text: string): { reason?: string; message?: string } {
  try {
    const status = JSON.parse(text) as unknown;
    return typeof status === 'object' && status !== null ? status : {};
  } catch {
    return {};
  }
}
