import type { Method, ServerContext } from './context.ts';
import { healthCheck, healthWatch } from './health.ts';
import { modelInfer, modelStreamInfer } from './model-infer.ts';
import { serverReflection } from './reflection.ts';
import { GrpcFailure, GrpcStatus } from './status.ts';
import { v2Methods } from './v2-methods.ts';

const NOT_OFFERED: Record<string, string> = {
  SystemSharedMemoryStatus: 'shared memory',
  SystemSharedMemoryRegister: 'shared memory',
  SystemSharedMemoryUnregister: 'shared memory',
  CudaSharedMemoryStatus: 'shared memory',
  CudaSharedMemoryRegister: 'shared memory',
  CudaSharedMemoryUnregister: 'shared memory',
  TraceSetting: 'tracing',
  LogSettings: 'changing the log settings',
};

const refusals = (): Method[] =>
  Object.entries(NOT_OFFERED).map(([name, what]) => ({
    kind: 'unary',
    name,
    answer: () => {
      throw new GrpcFailure(GrpcStatus.Unimplemented, `${name} is not offered: ${what} is not part of this server.`);
    },
  }));

/** All methods by their paths. */
export function createMethods(context: ServerContext): Map<string, Method> {
  const under = (service: string, methods: Method[]) =>
    methods.map((method): [string, Method] => [`/${service}/${method.name}`, method]);
  return new Map([
    ...under('inference.GRPCInferenceService', [
      modelInfer(context),
      modelStreamInfer,
      ...v2Methods(context),
      ...refusals(),
    ]),
    ...under('grpc.health.v1.Health', [healthCheck(context), healthWatch]),
    ...under('grpc.reflection.v1.ServerReflection', [serverReflection]),
    // The same messages under the name that older tools ask for.
    ...under('grpc.reflection.v1alpha.ServerReflection', [serverReflection]),
  ]);
}
