import { once } from 'node:events';
import type {
  Http2SecureServer,
  Http2Server,
  Http2Session,
  IncomingHttpHeaders,
  ServerHttp2Session,
  ServerHttp2Stream,
} from 'node:http2';
import http2 from 'node:http2';
import { setTimeout as delay } from 'node:timers/promises';
import { ApiError } from '../errors.ts';
import type { Plane } from '../serving/plane.ts';
import { ByteBudget } from './byte-budget.ts';
import type { Method, Outcome, ServerContext } from './context.ts';
import { createMethods } from './methods.ts';
import { CONTENT_HEADERS, answerHeadersOnly, refuseHead } from './request-head.ts';
import type { SessionLimits, SessionState } from './sessions.ts';
import { SESSION_LIMITS, Sessions } from './sessions.ts';
import type { Headers } from './status.ts';
import { GrpcStatus, failureTrailers } from './status.ts';
import { StreamCall } from './stream-call.ts';
import type { CallParts } from './unary-call.ts';
import { UnaryCall } from './unary-call.ts';

/** What the gRPC server is made of. */
export interface GrpcServerOptions {
  plane: Plane;
  maxMessageBytes: number;
  /** Connections at one time. */
  maxConnections?: number | undefined;
  /** Bytes of messages that are held at one time over all connections; four of the largest by default. */
  maxHeldBytes?: number;
  /** Certificate and key in PEM; without them the server speaks HTTP/2 in clear text. */
  tls?: { cert: string | Buffer; key: string | Buffer };
  onOutcome?: (outcome: Outcome) => void;
  /** Told of answers that are the server's fault. */
  onFailure: (error: unknown) => void;
  /** Headers that answers about a model carry, such as its revision. */
  headersFor?: (model: string) => Headers | undefined;
  /** Throws when this value of "authorization" does not allow to manage models; absent, everyone may. */
  authorize?: (authorization: string | undefined) => void;
  limits?: Partial<SessionLimits>;
}

/** A gRPC server of Open Inference V2. */
export interface GrpcServer {
  /** Listens, on all addresses unless one is named, and gives the port. */
  listen: (port: number, host?: string) => Promise<number>;
  /** Takes no more connections, lets calls finish, and ends what is left after this time. */
  drain: (ms: number) => Promise<void>;
  /** Ends everything at once. */
  close: () => Promise<void>;
}

const MIN_HELD_BYTES = 256 * 2 ** 20;
const STREAM_WINDOW_BYTES = 2 ** 20;
const SESSION_WINDOW_BYTES = 8 * 2 ** 20;
const MAX_CONNECTIONS = 10_000;

/** How long clients may take to hear that they are to leave. */
const MAX_NOTICE_MS = 1000;

/** A stream that breaks is closed; its call sees that. */
const ignore = () => {};

async function atMost(work: Promise<void>, ms: number): Promise<void> {
  const abort = new AbortController();
  await Promise.race([work, delay(ms, undefined, { signal: abort.signal }).catch(() => {})]);
  abort.abort();
}

/** Limits against clients that mean harm; see CVE-2023-44487 for the resets. */
const HTTP2_OPTIONS = {
  maxSessionMemory: 64,
  maxHeaderListPairs: 64,
  maxSessionInvalidFrames: 100,
  maxSessionRejectedStreams: 100,
  maxSettings: 32,
  streamResetBurst: 1000,
  streamResetRate: 100,
  settings: {
    maxConcurrentStreams: 1024,
    maxHeaderListSize: 16 * 1024,
    initialWindowSize: STREAM_WINDOW_BYTES,
    enablePush: false,
  },
};

/** The server, not listening yet. */
export function createGrpcServer(options: GrpcServerOptions): GrpcServer {
  return new Http2GrpcServer(options);
}

class Http2GrpcServer implements GrpcServer {
  readonly #server: Http2Server | Http2SecureServer;
  readonly #context: ServerContext;
  readonly #methods: Map<string, Method>;
  readonly #limits: SessionLimits;
  readonly #sessions: Sessions;
  readonly #states = new WeakMap<Http2Session, SessionState>();
  readonly #unaryCalls = new Set<UnaryCall>();
  readonly #onDrain = new Set<() => void>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: GrpcServerOptions) {
    this.#limits = { ...SESSION_LIMITS, ...options.limits };
    this.#sessions = new Sessions(this.#limits);
    this.#context = this.#createContext(options);
    this.#methods = createMethods(this.#context);
    const { tls } = options;
    this.#server =
      tls === undefined
        ? http2.createServer(HTTP2_OPTIONS)
        : http2.createSecureServer({ ...HTTP2_OPTIONS, ...tls, minVersion: 'TLSv1.2', handshakeTimeout: 10_000 });
    this.#server.maxConnections = options.maxConnections ?? MAX_CONNECTIONS;
    this.#server.on('session', (session) => this.#onSession(session));
    this.#server.on('stream', (stream, headers) => this.#onStream(stream, headers));
    // A broken connection or handshake concerns its client only.
    this.#server.on('sessionError', () => {});
  }

  #createContext(options: GrpcServerOptions): ServerContext {
    const { plane, maxMessageBytes, onFailure } = options;
    return {
      plane,
      maxMessageBytes,
      budget: new ByteBudget(options.maxHeldBytes ?? Math.max(MIN_HELD_BYTES, 4 * maxMessageBytes)),
      onFailure,
      onOutcome: options.onOutcome ?? (() => {}),
      headersFor: options.headersFor ?? (() => undefined),
      authorize: options.authorize ?? (() => {}),
      onDrain: (listener) => {
        this.#onDrain.add(listener);
        return () => this.#onDrain.delete(listener);
      },
    };
  }

  async listen(port: number, host?: string): Promise<number> {
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
    this.#timer = setInterval(() => this.#look(), this.#limits.lookEveryMs).unref();
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : port;
  }

  async drain(ms: number): Promise<void> {
    const endsAt = performance.now() + ms;
    for (const listener of this.#onDrain) listener();
    if (ms > 0) await atMost(this.#sessions.tellToLeave(), Math.min(ms, MAX_NOTICE_MS));
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    await atMost(closed, Math.max(0, endsAt - performance.now()));
    this.#sessions.destroyAll();
    clearInterval(this.#timer);
    await closed;
  }

  close(): Promise<void> {
    return this.drain(0);
  }

  #onSession(session: ServerHttp2Session): void {
    this.#states.set(session, this.#sessions.add(session));
    session.setLocalWindowSize(SESSION_WINDOW_BYTES);
  }

  #onStream(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    stream.on('error', ignore);
    const state = stream.session === undefined ? undefined : this.#states.get(stream.session);
    if (state === undefined) return;
    const plain = refuseHead(headers);
    if (plain !== undefined) {
      answerHeadersOnly(stream, { ':status': plain.status, ...plain.headers });
      return;
    }
    const path = headers[':path'] ?? '';
    const method = this.#methods.get(path);
    if (method === undefined) {
      const message = `There is no method ${path.slice(0, 200)}; see docs/reference/protocol.md.`;
      const failure = { status: GrpcStatus.Unimplemented, message, headers: {}, isOurs: false };
      answerHeadersOnly(stream, { ...CONTENT_HEADERS, ...failureTrailers(failure) });
      return;
    }
    this.#open(method, state, { stream, headers, context: this.#context, client: state.client });
  }

  #open(method: Method, state: SessionState, parts: Omit<CallParts<Method>, 'method' | 'onClosed'>): void {
    state.openCalls += 1;
    const left = () => {
      state.openCalls -= 1;
      state.activeAt = performance.now();
    };
    if (method.kind === 'stream') {
      void new StreamCall({ ...parts, method, onClosed: left });
      return;
    }
    const onClosed = () => {
      left();
      this.#unaryCalls.delete(call);
    };
    const call = new UnaryCall({ ...parts, method, onClosed });
    this.#unaryCalls.add(call);
  }

  #look(): void {
    const now = performance.now();
    this.#sessions.look(now);
    for (const call of this.#unaryCalls) {
      if (call.isClientsTurn && now - call.since > this.#limits.clientTurnMs)
        call.abandon(new ApiError('RequestTimeout', 'The request did not come whole in time; send it in one go.'));
    }
  }
}
