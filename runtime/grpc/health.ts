import { ApiError } from '../errors.ts';
import type { Plane } from '../serving/plane.ts';
import type { ServerContext, StreamHandler, StreamLink, StreamMethod, UnaryMethod } from './context.ts';
import { codec } from './messages.ts';
import { GrpcFailure, GrpcStatus } from './status.ts';

const SERVING = 1;
const NOT_SERVING = 2;
const SERVICE_UNKNOWN = 3;
/** How often a watched service is looked at. Each look runs the golden request of a model. */
const WATCH_MS = 5000;

const requests = codec<{ service: string }>('grpc.health.v1.HealthCheckRequest');
const responses = codec<{ status: number }>('grpc.health.v1.HealthCheckResponse');

/** The health of the server ("" or the inference service) or of the model of that name. */
async function look(plane: Plane, service: string): Promise<number> {
  const isServer = service === '' || service === 'inference.GRPCInferenceService';
  if (plane.isDraining) return NOT_SERVING;
  try {
    await (isServer ? plane.checkReady() : plane.checkModelReady({ name: service }));
    return SERVING;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return error.code === 'UnknownModel' ? SERVICE_UNKNOWN : NOT_SERVING;
  }
}

/** Health/Check. */
export const healthCheck = ({ plane }: ServerContext): UnaryMethod => ({
  kind: 'unary',
  name: 'Check',
  answer: async (bytes) => {
    const { service } = requests.decode(bytes);
    const status = await look(plane, service);
    if (status === SERVICE_UNKNOWN)
      throw new GrpcFailure(
        GrpcStatus.NotFound,
        `service is ${JSON.stringify(service.slice(0, 80))}; ask for "" or for the name of a model.`,
      );
    return responses.frame({ status });
  },
});

/** Health/Watch: the health now, and again whenever it changes. */
export const healthWatch: StreamMethod = { kind: 'stream', name: 'Watch', open: (link) => new Watch(link) };

class Watch implements StreamHandler {
  readonly #link: StreamLink;
  #service: string | undefined;
  #last: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(link: StreamLink) {
    this.#link = link;
  }

  onMessage(bytes: Uint8Array): void {
    if (this.#service !== undefined) {
      this.#stop(new GrpcFailure(GrpcStatus.Unimplemented, 'The call has more than one message; send one.'));
      return;
    }
    try {
      this.#service = requests.decode(bytes).service;
      void this.#look(this.#service);
    } catch (error) {
      this.#stop(error);
    }
  }

  onEnd(): void {
    if (this.#service === undefined)
      this.#stop(new GrpcFailure(GrpcStatus.Unimplemented, 'The call has no message; send one.'));
  }

  onDrain(): void {
    this.#tell(NOT_SERVING);
    this.#stop(new ApiError('NotReady', 'The server is shutting down; connect again.'));
  }

  onClose(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  async #look(service: string): Promise<void> {
    try {
      this.#tell(await look(this.#link.context.plane, service));
      if (!this.#isOver) this.#timer = setTimeout(() => void this.#look(service), WATCH_MS).unref();
    } catch (error) {
      this.#stop(error);
    }
  }

  #tell(status: number): void {
    if (this.#isOver || status === this.#last) return;
    this.#last = status;
    this.#link.send(responses.frame({ status }));
  }

  #stop(error: unknown): void {
    if (this.#isOver) return;
    this.onClose();
    this.#link.end(error);
  }
}
