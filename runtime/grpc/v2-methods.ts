import { ApiError } from '../errors.ts';
import { refuse } from '../protocol/v2-request.ts';
import type { Plane } from '../serving/plane.ts';
import type { Rpc, ServerContext, UnaryMethod } from './context.ts';
import { codec, fromPlain } from './messages.ts';
import { readTarget } from './model-infer.ts';

interface Named {
  name: string;
  version: string;
}
interface RepositoryChange {
  repository_name: string;
  model_name: string;
  parameters: Record<string, object>;
}

type Answer<T> = (request: T, rpc: Rpc) => object | Promise<object>;

function unary<T extends object>(name: string, answer: Answer<T>): UnaryMethod {
  const request = codec<T>(`inference.${name}Request`);
  const response = codec(`inference.${name}Response`);
  return {
    kind: 'unary',
    name,
    answer: async (bytes, rpc) => response.frame(await answer(request.decode(bytes), rpc)),
  };
}

/** Whether a check passes; what goes wrong in it means "not ready", as Triton's clients expect. */
async function passes(check: Promise<void>): Promise<boolean> {
  try {
    await check;
    return true;
  } catch (error) {
    if (error instanceof ApiError) return false;
    throw error;
  }
}

const target = (plane: Plane, { name, version }: Named, rpc: Rpc) => {
  rpc.model = name;
  return readTarget(plane, name, version);
};

/** The methods of Open Inference V2 that ask about the server and its models. */
const questions = ({ plane }: ServerContext): UnaryMethod[] => [
  unary('ServerLive', () => ({ live: true })),
  unary('ServerReady', async () => ({ ready: !plane.isDraining && (await passes(plane.checkReady())) })),
  unary<Named>('ModelReady', async (request, rpc) => ({
    ready: !plane.isDraining && (await passes(plane.checkModelReady(target(plane, request, rpc)))),
  })),
  unary('ServerMetadata', () => ({ name: plane.name, version: plane.version, extensions: plane.extensions })),
  unary<Named>('ModelMetadata', async (request, rpc) => {
    const { parameters, ...metadata } = await plane.metadata(target(plane, request, rpc));
    return parameters === undefined ? metadata : { ...metadata, properties: parameters };
  }),
  unary<Named>('ModelConfig', async (request, rpc) => ({
    config: fromPlain('inference.ModelConfig', await plane.config(target(plane, request, rpc))),
  })),
  unary<Named>('ModelStatistics', async (request, rpc) => ({
    model_stats: await plane.statistics(request.name === '' ? undefined : target(plane, request, rpc)),
  })),
];

/** The repository extension; the plane refuses it unless it was switched on. */
const repository = ({ plane, authorize }: ServerContext): UnaryMethod[] => {
  const change = (rpc: Rpc, { model_name: name, repository_name: other }: RepositoryChange): string => {
    authorize(rpc.headers.authorization);
    // KServe's clients send the name in the field that is the repository's with Triton.
    rpc.model = name === '' ? other : name;
    return readTarget(plane, rpc.model, '').name;
  };
  return [
    unary<{ ready: boolean }>('RepositoryIndex', ({ ready }, rpc) => {
      authorize(rpc.headers.authorization);
      return { models: plane.index(ready) };
    }),
    unary<RepositoryChange>('RepositoryModelLoad', async (request, rpc) => {
      const name = change(rpc, request);
      const [parameter] = Object.keys(request.parameters);
      if (parameter !== undefined)
        refuse(
          `parameters.${parameter.slice(0, 80)}`,
          'is not taken: a model is loaded as its folder has it; leave it out.',
        );
      await plane.load(name);
      return { model_name: name, isLoaded: true };
    }),
    unary<RepositoryChange>('RepositoryModelUnload', async (request, rpc) => {
      const name = change(rpc, request);
      await plane.unload(name);
      return { model_name: name, isUnloaded: true };
    }),
  ];
};

/** All methods of the inference service with one request and one answer, but for inference itself. */
export const v2Methods = (context: ServerContext): UnaryMethod[] => [...questions(context), ...repository(context)];
