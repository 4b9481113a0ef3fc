import type { ModelTarget, Plane } from '../serving/plane.ts';
import { refuse } from '../protocol/v2-request.ts';
import type { Rpc, ServerContext, StreamHandler, StreamLink, StreamMethod, UnaryMethod } from './context.ts';
import type { InferRequestMessage, InferResponseMessage } from './infer-message.ts';
import {
  inferRequestCodec,
  inferResponseCodec,
  isTyped,
  readInferMessage,
  writeInferMessage,
} from './infer-message.ts';
import { codec } from './messages.ts';
import { Call } from '../serving/call.ts';
import { GrpcStatus, describeFailure } from './status.ts';

const streamCodec = codec<{ error_message?: string; infer_response: InferResponseMessage }>(
  'inference.ModelStreamInferResponse',
);

/** The model that a message means; a message without a name means the only model there is. */
export function readTarget(plane: Plane, name: string, version: string): ModelTarget {
  const target = name === '' ? plane.onlyModel : name;
  if (target === undefined) refuse('model_name', 'is missing, and there are several models; name one.');
  return version === '' ? { name: target } : { name: target, version };
}

async function infer(plane: Plane, message: InferRequestMessage, call: Call): Promise<InferResponseMessage> {
  const target = readTarget(plane, message.model_name, message.model_version);
  const response = await plane.infer(target, readInferMessage(message), call);
  return writeInferMessage(response, isTyped(message));
}

/** ModelInfer: one request, one answer. */
export const modelInfer = ({ plane }: ServerContext): UnaryMethod => ({
  kind: 'unary',
  name: 'ModelInfer',
  answer: async (bytes: Uint8Array, rpc: Rpc) => {
    const message = inferRequestCodec.decode(bytes);
    rpc.model = message.model_name || (plane.onlyModel ?? '');
    return inferResponseCodec.frame(await infer(plane, message, rpc.call));
  },
});

/** ModelStreamInfer: many requests on one call, answered in the order in which they came; a failure of one is told in its answer. */
export const modelStreamInfer: StreamMethod = {
  kind: 'stream',
  name: 'ModelStreamInfer',
  countsMessages: true,
  open: (link) => new InferStream(link),
};

interface Slot {
  call: Call;
  frame?: Buffer;
}

class InferStream implements StreamHandler {
  readonly #link: StreamLink;
  #slots: Slot[] = [];
  #hasEnded = false;

  constructor(link: StreamLink) {
    this.#link = link;
  }

  onMessage(bytes: Uint8Array): void {
    const { client, deadlineAt } = this.#link.rpc.call;
    const slot: Slot = { call: new Call(client, deadlineAt) };
    this.#slots.push(slot);
    void this.#answer(bytes, slot.call).then((frame) => {
      slot.frame = frame;
      this.#flush();
    });
  }

  onEnd(): void {
    this.#hasEnded = true;
    this.#flush();
  }

  onClose(): void {
    for (const { call, frame } of this.#slots) if (frame === undefined) call.cancel();
    this.#slots = [];
  }

  #flush(): void {
    for (let first = this.#slots[0]; first?.frame !== undefined; first = this.#slots[0]) {
      this.#slots.shift();
      this.#link.send(first.frame);
      this.#link.done();
    }
    if (this.#hasEnded && this.#slots.length === 0) this.#link.end();
  }

  async #answer(bytes: Uint8Array, call: Call): Promise<Buffer> {
    const { context } = this.#link;
    const startedAt = performance.now();
    let message: InferRequestMessage | undefined;
    const report = (grpcStatus: number) =>
      context.onOutcome({
        method: 'ModelStreamInfer',
        model: message?.model_name ?? '',
        grpcStatus: call.isCancelled ? GrpcStatus.Cancelled : grpcStatus,
        ms: performance.now() - startedAt,
      });
    try {
      message = inferRequestCodec.decode(bytes);
      const response = await infer(context.plane, message, call);
      // Triton's clients look for it to know that no further answer to this request follows.
      response.parameters = { ...response.parameters, triton_final_response: { bool_param: true } };
      report(GrpcStatus.Ok);
      return streamCodec.frame({ infer_response: response });
    } catch (error) {
      const failure = describeFailure(error);
      if (failure.isOurs && !call.isCancelled) context.onFailure(error);
      report(failure.status);
      const known = { model_name: message?.model_name ?? '', id: message?.id ?? '' };
      return streamCodec.frame({ error_message: failure.message, infer_response: known });
    }
  }
}
