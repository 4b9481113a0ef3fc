import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { ApiError } from '../errors.ts';
import { Call } from '../serving/call.ts';
import type { Encoding } from './compression.ts';
import { answerEncoding, deflateFrame, inflate, readEncoding } from './compression.ts';
import type { Rpc, ServerContext, StreamHandler, StreamLink, StreamMethod } from './context.ts';
import type { Frame } from './message-reader.ts';
import { MessageReader } from './message-reader.ts';
import { CONTENT_HEADERS, TRAILERS_FOLLOW, answerHeadersOnly, readTimeoutMs } from './request-head.ts';
import type { Headers } from './status.ts';
import { GrpcFailure, GrpcStatus, describeFailure, failureTrailers } from './status.ts';
import type { CallParts } from './unary-call.ts';

/** Messages of one stream that are dealt with at a time; the client is slowed down by HTTP/2's flow control beyond them. */
const MAX_IN_FLIGHT = 64;

/** A call that is a stream. Messages are handed to its method one after another, with back-pressure. */
export class StreamCall implements Rpc, StreamLink {
  readonly call: Call;
  readonly headers: IncomingHttpHeaders;
  readonly context: ServerContext;
  model = '';
  readonly #stream: ServerHttp2Stream;
  readonly #method: StreamMethod;
  readonly #reader: MessageReader;
  readonly #handler: StreamHandler | undefined;
  readonly #startedAt = performance.now();
  #encoding: Encoding = 'identity';
  #answerEncoding: Encoding = 'identity';
  #incoming: Frame[] = [];
  /** Bytes of the messages that are being dealt with, in their order. */
  #inFlight: number[] = [];
  #isInflating = false;
  #hasEnded = false;
  #leavingWith: unknown;
  /** Messages go out in their order, although compression takes its time. */
  #sending: Promise<void> = Promise.resolve();
  #trailers: Headers | undefined;
  #isClosed = false;
  readonly #forgetDrain: () => void;

  constructor({ stream, headers, method, context, client, onClosed }: CallParts<StreamMethod>) {
    this.#stream = stream;
    this.headers = headers;
    this.context = context;
    this.#method = method;
    this.#reader = new MessageReader(context);
    this.call = new Call(client);
    stream.on('data', (chunk: Buffer) => this.#onData(chunk));
    stream.on('end', () => this.#onEnd());
    stream.on('drain', () => this.#pump());
    stream.on('wantTrailers', () => this.#sendTrailers());
    stream.on('close', () => {
      onClosed();
      this.#onClose();
    });
    this.#forgetDrain = context.onDrain(() => this.#leave());
    try {
      this.#encoding = readEncoding(headers['grpc-encoding']);
      this.#answerEncoding = answerEncoding(this.#encoding, headers['grpc-accept-encoding']);
      this.call.deadlineAt = this.#startedAt + readTimeoutMs(headers['grpc-timeout']);
      this.#handler = method.open(this);
    } catch (error) {
      this.end(error);
    }
  }

  get rpc(): Rpc {
    return this;
  }

  send(frame: Buffer): void {
    if (this.#answerEncoding === 'identity') this.#write(frame);
    else this.#sending = this.#sending.then(async () => this.#write(await deflateFrame(this.#answerEncoding, frame)));
  }

  end(error?: unknown): void {
    if (this.#trailers !== undefined) return;
    const failure = error === undefined ? undefined : describeFailure(error);
    if (failure?.isOurs) this.context.onFailure(error);
    this.#trailers = failure === undefined ? { 'grpc-status': GrpcStatus.Ok } : failureTrailers(failure);
    this.#report(failure?.status ?? GrpcStatus.Ok);
    void this.#sending.then(() => this.#finish());
  }

  done(): void {
    this.#reader.release(this.#inFlight.shift() ?? 0);
    this.#pump();
  }

  #write(frame: Buffer): void {
    const stream = this.#stream;
    if (stream.destroyed || stream.closed || stream.writableEnded) return;
    if (!stream.headersSent) {
      const encoding = this.#answerEncoding === 'identity' ? {} : { 'grpc-encoding': this.#answerEncoding };
      stream.respond({ ...CONTENT_HEADERS, ...encoding }, TRAILERS_FOLLOW);
    }
    stream.write(frame);
  }

  #finish(): void {
    const stream = this.#stream;
    if (stream.destroyed || stream.closed) return;
    if (!stream.headersSent) answerHeadersOnly(stream, { ...CONTENT_HEADERS, ...this.#trailers });
    else stream.end();
  }

  #sendTrailers(): void {
    const stream = this.#stream;
    stream.sendTrailers(this.#trailers ?? { 'grpc-status': GrpcStatus.Internal });
    // Node sends them in an immediate of its own; a client that still sends is let go behind them.
    if (!stream.readableEnded) setImmediate(() => stream.close());
  }

  #onData(chunk: Buffer): void {
    if (this.#trailers !== undefined) return;
    try {
      for (const frame of this.#reader.push(chunk)) this.#incoming.push(frame);
    } catch (error) {
      this.end(error);
      return;
    }
    this.#pump();
  }

  #onEnd(): void {
    this.#hasEnded = true;
    if (this.#reader.isInsideMessage)
      this.end(new GrpcFailure(GrpcStatus.Internal, 'The call ends in the middle of a message; send all of it.'));
    else this.#pump();
  }

  get #isBlocked(): boolean {
    return this.#inFlight.length >= MAX_IN_FLIGHT || this.#stream.writableNeedDrain;
  }

  /** Hands over what has come, as far as there is room; reads on when there is more room. */
  #pump(): void {
    if (this.#trailers !== undefined || this.#isInflating) return;
    while (!this.#isBlocked) {
      const frame = this.#incoming.shift();
      if (frame === undefined) break;
      this.#inFlight.push(frame.bytes.length);
      if (frame.isCompressed) {
        void this.#inflate(frame.bytes);
        return;
      }
      this.#handler?.onMessage(frame.bytes);
    }
    this.#afterPump();
  }

  #afterPump(): void {
    if (this.#leavingWith !== undefined && this.#inFlight.length + this.#incoming.length === 0) {
      this.end(this.#leavingWith);
      return;
    }
    const mayRead = this.#incoming.length === 0 && !this.#isBlocked && this.#leavingWith === undefined;
    if (mayRead) this.#stream.resume();
    else this.#stream.pause();
    if (this.#hasEnded && this.#incoming.length === 0 && this.#trailers === undefined) this.#handler?.onEnd();
  }

  async #inflate(bytes: Buffer): Promise<void> {
    this.#isInflating = true;
    try {
      const message = await inflate(this.#encoding, bytes, this.context.maxMessageBytes);
      this.#isInflating = false;
      if (!this.#isClosed) this.#handler?.onMessage(message);
      this.#pump();
    } catch (error) {
      this.#isInflating = false;
      this.end(error);
    }
  }

  #leave(): void {
    if (this.#handler?.onDrain !== undefined) {
      this.#handler.onDrain();
      return;
    }
    this.#leavingWith = new ApiError('NotReady', 'The server is shutting down; connect again.');
    this.#pump();
  }

  #onClose(): void {
    this.#isClosed = true;
    this.#forgetDrain();
    this.#reader.close();
    this.#incoming = [];
    if (this.#trailers === undefined) this.#report(GrpcStatus.Cancelled);
    this.#trailers ??= {};
    this.call.cancel();
    this.#handler?.onClose();
  }

  #report(grpcStatus: number): void {
    const isCounted = this.#method.countsMessages === true;
    if (isCounted && (grpcStatus === GrpcStatus.Ok || grpcStatus === GrpcStatus.Cancelled)) return;
    const ms = performance.now() - this.#startedAt;
    this.context.onOutcome({ method: this.#method.name, model: this.model, grpcStatus, ms });
  }
}
