import type { Outcome } from '../grpc/context.ts';
import type { DataPlane } from '../serving/data-plane.ts';

/** HTTP statuses that say what gRPC statuses say, so that one metric counts both (google.rpc.Code). */
const HTTP_STATUS: readonly number[] = [
  200, 499, 500, 400, 504, 404, 409, 403, 503, 400, 409, 400, 501, 500, 503, 500, 401,
];

/** Counts gRPC calls in the metrics of their models. */
export const countGrpc =
  (plane: DataPlane) =>
  ({ method, model, grpcStatus, ms }: Outcome): void => {
    if (!method.startsWith('Model') || !(method.endsWith('Infer') || method.endsWith('StreamInfer'))) return;
    const meter = plane.hosted({ name: model })?.meter;
    if (meter === undefined) return;
    meter.answered(HTTP_STATUS[grpcStatus] ?? 500);
    meter.stages.request.observe(ms / 1000);
  };
