import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { Call } from '../serving/call.ts';
import type { Encoding } from './compression.ts';
import { answerEncoding, deflateFrame, inflate, readEncoding } from './compression.ts';
import type { Rpc, ServerContext, UnaryMethod } from './context.ts';
import type { Frame } from './message-reader.ts';
import { MessageReader } from './message-reader.ts';
import { CONTENT_HEADERS, PLAIN_HEADERS, TRAILERS_FOLLOW, answerHeadersOnly, readTimeoutMs } from './request-head.ts';
import { GrpcFailure, GrpcStatus, describeFailure, failureTrailers } from './status.ts';

const OK_TRAILERS = { 'grpc-status': 0 };

/** What a call is made of. */
export interface CallParts<M> {
  stream: ServerHttp2Stream;
  headers: IncomingHttpHeaders;
  method: M;
  context: ServerContext;
  /** Whom the request is counted for. */
  client: string;
  /** Told once when the call is over. */
  onClosed: () => void;
}

/** One request and its answer. */
export class UnaryCall implements Rpc {
  readonly call: Call;
  readonly headers: IncomingHttpHeaders;
  model = '';
  /** When the last step was taken, and whether the next one is the client's. */
  since = performance.now();
  isClientsTurn = true;
  readonly #stream: ServerHttp2Stream;
  readonly #method: UnaryMethod;
  readonly #context: ServerContext;
  readonly #reader: MessageReader;
  readonly #onClosed: () => void;
  #encoding: Encoding = 'identity';
  #frame: Frame | undefined;
  #startedAt = 0;
  #isAnswered = false;
  #isReported = false;

  constructor({ stream, headers, method, context, client, onClosed }: CallParts<UnaryMethod>) {
    this.#stream = stream;
    this.headers = headers;
    this.#method = method;
    this.#context = context;
    this.#onClosed = onClosed;
    this.#reader = new MessageReader(context);
    this.call = new Call(client);
    stream.on('data', (chunk: Buffer) => this.#onData(chunk));
    stream.on('end', () => this.#onEnd());
    stream.on('wantTrailers', () => this.#finish());
    stream.on('close', () => this.#onClose());
    try {
      this.#encoding = readEncoding(headers['grpc-encoding']);
      const timeout = headers['grpc-timeout'];
      if (timeout !== undefined) this.call.deadlineAt = this.since + readTimeoutMs(timeout);
    } catch (error) {
      this.fail(error);
    }
  }

  /** Answers with a failure, once. */
  fail(error: unknown): void {
    if (this.#isAnswered) return;
    this.#isAnswered = true;
    this.#reader.close();
    const failure = describeFailure(error);
    if (failure.isOurs) this.#context.onFailure(error);
    this.#report(failure.status);
    answerHeadersOnly(this.#stream, { ...CONTENT_HEADERS, ...this.#modelHeaders(), ...failureTrailers(failure) });
  }

  /** Ends a call whose client does not go on: neither sends nor reads. */
  abandon(error: unknown): void {
    if (this.#isAnswered) this.#stream.destroy();
    else this.fail(error);
  }

  #onData(chunk: Buffer): void {
    if (this.#isAnswered) return;
    try {
      for (const frame of this.#reader.push(chunk)) {
        if (this.#frame !== undefined)
          throw new GrpcFailure(GrpcStatus.Unimplemented, 'The call has more than one message; send one.');
        this.#frame = frame;
      }
    } catch (error) {
      this.fail(error);
    }
  }

  #onEnd(): void {
    if (this.#isAnswered) return;
    this.#startedAt = performance.now();
    this.isClientsTurn = false;
    if (this.#reader.isInsideMessage) {
      this.fail(new GrpcFailure(GrpcStatus.Internal, 'The call ends in the middle of a message; send all of it.'));
    } else if (this.#frame === undefined) {
      this.fail(new GrpcFailure(GrpcStatus.Unimplemented, 'The call has no message; send one.'));
    } else {
      void this.#answer(this.#frame);
    }
  }

  async #answer({ bytes, isCompressed }: Frame): Promise<void> {
    try {
      const request = isCompressed ? await this.#inflate(bytes) : bytes;
      const frame = await this.#method.answer(request, this);
      if (this.#encoding === 'identity') this.#send(frame, 'identity');
      else await this.#sendCompressed(frame);
    } catch (error) {
      this.fail(error);
    }
  }

  async #inflate(bytes: Buffer): Promise<Buffer> {
    const request = await inflate(this.#encoding, bytes, this.#context.maxMessageBytes);
    this.#reader.hold(request.length);
    return request;
  }

  async #sendCompressed(frame: Buffer): Promise<void> {
    const encoding = answerEncoding(this.#encoding, this.headers['grpc-accept-encoding']);
    this.#send(await deflateFrame(encoding, frame), encoding);
  }

  #send(frame: Buffer, encoding: Encoding): void {
    if (this.#isAnswered || this.#stream.destroyed || this.#stream.closed) return;
    this.#isAnswered = true;
    this.#frame = undefined;
    this.isClientsTurn = true;
    this.since = performance.now();
    this.#stream.respond(this.#answerHeaders(encoding), TRAILERS_FOLLOW);
    this.#stream.end(frame);
  }

  #answerHeaders(encoding: Encoding): readonly string[] {
    const special = this.#modelHeaders();
    if (special === undefined && encoding === 'identity') return PLAIN_HEADERS;
    const headers = Object.entries({ 'grpc-encoding': encoding, ...special });
    return [...PLAIN_HEADERS, ...headers.flatMap(([name, value]) => [name, String(value)])];
  }

  #modelHeaders() {
    return this.model === '' ? undefined : this.#context.headersFor(this.model);
  }

  #finish(): void {
    this.#stream.sendTrailers(OK_TRAILERS);
    this.#report(GrpcStatus.Ok);
  }

  #onClose(): void {
    this.#onClosed();
    this.#isAnswered = true;
    this.#reader.close();
    if (this.#isReported) return;
    this.#report(GrpcStatus.Cancelled);
    this.call.cancel();
  }

  #report(grpcStatus: number): void {
    if (this.#isReported) return;
    this.#isReported = true;
    const ms = this.#startedAt === 0 ? 0 : performance.now() - this.#startedAt;
    this.#context.onOutcome({ method: this.#method.name, model: this.model, grpcStatus, ms });
  }
}
