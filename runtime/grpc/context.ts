import type { IncomingHttpHeaders } from 'node:http2';
import type { Call } from '../serving/call.ts';
import type { Plane } from '../serving/plane.ts';
import type { ByteBudget } from './byte-budget.ts';
import type { Headers } from './status.ts';

/** How a call ended, for metrics. */
export interface Outcome {
  method: string;
  /** The model that was asked for; empty where there is none, or none was read. */
  model: string;
  grpcStatus: number;
  /** From the request's last byte read to its answer handed to the connection. */
  ms: number;
}

/** What every call needs of the server. */
export interface ServerContext {
  plane: Plane;
  maxMessageBytes: number;
  budget: ByteBudget;
  onOutcome: (outcome: Outcome) => void;
  /** Told of answers that are the server's fault. */
  onFailure: (error: unknown) => void;
  /** Headers that answers about a model carry, such as its revision. */
  headersFor: (model: string) => Headers | undefined;
  /** Throws when this value of the header "authorization" does not allow to manage models. */
  authorize: (authorization: string | undefined) => void;
  /** Told when the server begins to shut down; gives the way to leave. */
  onDrain: (listener: () => void) => () => void;
}

/** One call as its method sees it. */
export interface Rpc {
  readonly call: Call;
  readonly headers: IncomingHttpHeaders;
  /** The method fills in the model that was asked for. */
  model: string;
}

/** A method with one request and one answer; both are bytes of protobuf, the answer with gRPC's prefix. */
export interface UnaryMethod {
  kind: 'unary';
  name: string;
  answer: (request: Uint8Array, rpc: Rpc) => Buffer | Promise<Buffer>;
}

/** A stream of answers, and mostly of requests. */
export interface StreamMethod {
  kind: 'stream';
  name: string;
  /** Each message is counted by itself, as a call would be. */
  countsMessages?: boolean;
  open: (link: StreamLink) => StreamHandler;
}

/** What a streaming method can do with its call. */
export interface StreamLink {
  readonly rpc: Rpc;
  readonly context: ServerContext;
  /** Sends a message that has gRPC's prefix. */
  send: (frame: Buffer) => void;
  /** Ends the call: well, or with a failure. */
  end: (error?: unknown) => void;
  /** One message has been dealt with: its room is free, and the next may come. */
  done: () => void;
}

/** What a streaming method does with what comes. */
export interface StreamHandler {
  onMessage: (bytes: Uint8Array) => void;
  /** The client sends no more, and all it sent was handed over. */
  onEnd: () => void;
  /** The server shuts down. Without it the call ends once all that came is dealt with. */
  onDrain?: () => void;
  /** The call is over, one way or the other. */
  onClose: () => void;
}

export type Method = UnaryMethod | StreamMethod;
