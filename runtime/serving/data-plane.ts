import { EngineError } from '../engine/engine.ts';
import { ApiError } from '../errors.ts';
import { classify } from '../protocol/classification.ts';
import { matchInputs, matchOutputs } from '../protocol/match-inputs.ts';
import type { Tensor } from '../protocol/tensor.ts';
import type { InferRequest } from '../protocol/v2-request.ts';
import { refuse, show } from '../protocol/v2-request.ts';
import type { InferResponse } from '../protocol/v2-response.ts';
import type { Call } from './call.ts';
import type { HostedModel } from './hosted-model.ts';
import type { Library } from './library.ts';
import { describeConfig } from './model-config.ts';
import { add } from './model-meter.ts';
import { describeStatistics } from './model-statistics.ts';
import { tellable } from './tellable.ts';
import type {
  IndexEntry,
  ModelConfig,
  ModelFiles,
  ModelMetadata,
  ModelStatistics,
  ModelTarget,
  Plane,
} from './plane.ts';

const EXTENSIONS: readonly string[] = ['binary_tensor_data', 'classification', 'model_configuration', 'statistics'];
/** Priorities beyond this are the least urgent. */
const MAX_PRIORITY = 15;

/** What changes the set of loaded models; each may refuse. */
export interface Repository {
  load(name: string): Promise<void>;
  unload(name: string): Promise<void>;
  /** Makes sure that a model is loaded before a request is answered; undefined when it is. */
  ensure(model: HostedModel, call?: Call): Promise<void> | undefined;
  /** True for a model that is not loaded and will be when it is asked for; without this there is none. */
  isLoadedOnDemand?(model: HostedModel): boolean;
  /** The models that have to answer for the server to be ready; throws what is missing. Without this all but the unloaded ones. */
  required?(): readonly HostedModel[];
  /** Names in the repository that have no servable version, with the reason. */
  unavailable(): IndexEntry[];
  /** Whether clients may load and unload. */
  readonly isOpen: boolean;
}

/** How the server presents itself. */
export interface DataPlaneOptions {
  version: string;
  library: Library;
  repository: Repository;
  instances: number;
  /** Not ready while one of the models cannot be loaded. */
  isStrict?: boolean;
}

/** All behaviour of the server, with no transport in it. */
export class DataPlane implements Plane {
  readonly name = 'aimass';
  readonly version: string;
  readonly extensions: readonly string[];
  readonly #library: Library;
  readonly #repository: Repository;
  readonly #instances: number;
  readonly #isStrict: boolean;
  #isDraining = false;

  constructor({ version, library, repository, instances, isStrict = true }: DataPlaneOptions) {
    this.#isStrict = isStrict;
    this.version = version;
    this.#library = library;
    this.#repository = repository;
    this.#instances = instances;
    this.extensions = repository.isOpen ? [...EXTENSIONS, 'model_repository'] : EXTENSIONS;
  }

  /** Not ready from now on; requests are still answered. */
  drain(): void {
    this.#isDraining = true;
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  get onlyModel(): string | undefined {
    const names = this.#library.names();
    return names.length === 1 ? names[0] : undefined;
  }

  async checkReady(): Promise<void> {
    this.#refuseWhileDraining();
    const isWanted = ({ state }: HostedModel) =>
      state === 'loading' || state === 'ready' || (state === 'failed' && this.#isStrict);
    const models = this.#repository.required?.() ?? this.#library.all().filter(isWanted);
    for (const model of models) await checkModel(model);
  }

  async checkModelReady(target: ModelTarget): Promise<void> {
    const model = this.#library.find(target);
    this.#refuseWhileDraining();
    if (this.#repository.isLoadedOnDemand?.(model) !== true) await checkModel(model);
  }

  async metadata(target: ModelTarget): Promise<ModelMetadata> {
    const model = await this.#ready(target);
    const { name, revision, task } = model.at;
    const parameters = { ...(revision !== undefined && { revision }), ...(task !== undefined && { task }) };
    return {
      name,
      versions: this.#library.versions(name).map(({ at }) => at.version),
      platform: 'onnx_onnxv1',
      inputs: model.inputs,
      outputs: model.outputs,
      ...(Object.keys(parameters).length > 0 && { parameters }),
    };
  }

  async config(target: ModelTarget): Promise<ModelConfig> {
    return describeConfig(await this.#ready(target), this.#instances);
  }

  async statistics(target?: ModelTarget): Promise<ModelStatistics[]> {
    if (target === undefined) return this.#library.all().map(describeStatistics);
    if (target.version !== undefined) return [describeStatistics(this.#library.find(target))];
    this.#library.find(target);
    return this.#library.versions(target.name).map(describeStatistics);
  }

  async files(target: ModelTarget): Promise<ModelFiles> {
    const model = await this.#ready(target);
    const { name, version, task, directory } = model.at;
    return { name, version, task, directory, inputs: model.inputs, outputs: model.outputs };
  }

  /** The model that a request is counted for; undefined when there is none of that name. */
  hosted(target: ModelTarget): HostedModel | undefined {
    try {
      return this.#library.find(target);
    } catch {
      return undefined;
    }
  }

  /** Refuses a request for a model that is not there before its body is read. */
  assertKnown(target: ModelTarget): void {
    this.#library.find(target);
  }

  async infer(target: ModelTarget, request: InferRequest, call: Call): Promise<InferResponse> {
    const model = this.#library.find(target);
    readCallParameters(request, call);
    const loading = this.#repository.ensure(model, call);
    if (loading !== undefined) await loading.catch(throwLoadFailure);
    const startedAt = performance.now();
    if (model.state !== 'ready') await checkModel(model);
    const outputNames = matchOutputs(request, model.outputs);
    const inputs = matchInputs(request, model.inputs);
    const { meter } = model;
    const decodedAt = performance.now();
    meter.stages.decode.observe((decodedAt - startedAt) / 1000);
    try {
      const outputs = await model.run(inputs, outputNames, call);
      meter.succeeded({ tookMs: performance.now() - startedAt, decodeMs: decodedAt - startedAt });
      return respond(model, request, outputs);
    } catch (error) {
      add(meter.tallies.fail, performance.now() - startedAt);
      throw toClientError(error);
    }
  }

  index(onlyReady: boolean): IndexEntry[] {
    if (!this.#repository.isOpen) throw closed();
    const entries = [...this.#library.all().map(indexEntry), ...this.#repository.unavailable()];
    return onlyReady ? entries.filter(({ state }) => state === 'READY') : entries;
  }

  async load(name: string): Promise<void> {
    if (!this.#repository.isOpen) throw closed();
    await this.#repository.load(name).catch(throwLoadFailure);
  }

  async unload(name: string): Promise<void> {
    if (!this.#repository.isOpen) throw closed();
    await this.#repository.unload(name);
  }

  async #ready(target: ModelTarget): Promise<HostedModel> {
    const model = this.#library.find(target);
    await this.#repository.ensure(model)?.catch(throwLoadFailure);
    if (model.inputs.length + model.outputs.length === 0) await checkModel(model);
    return model;
  }

  #refuseWhileDraining(): void {
    if (this.#isDraining) throw new ApiError('NotReady', 'The server is shutting down.');
  }
}

const closed = () =>
  new ApiError(
    'Forbidden',
    'The repository extension is off. Start the server with --repository-api to load and unload models.',
  );

function respond({ at }: HostedModel, request: InferRequest, outputs: readonly Tensor[]): InferResponse {
  const wanted = request.outputs;
  const shown =
    wanted?.some(({ classification }) => classification !== undefined) === true
      ? outputs.map((output, index) => {
          const count = wanted[index]?.classification;
          return count === undefined ? output : classify(output, count, at.labels);
        })
      : outputs;
  return {
    modelName: at.name,
    modelVersion: at.version,
    outputs: shown,
    ...(request.id !== undefined && { id: request.id }),
    ...(request.parameters !== undefined && { parameters: request.parameters }),
  };
}

/** What Triton's clients may say of a request: how urgent it is, and how many microseconds they wait. */
function readCallParameters({ parameters }: InferRequest, call: Call): void {
  if (parameters === undefined) return;
  const { priority, timeout, sequence_id: sequence } = parameters;
  // Triton's clients send 0 or nothing for a request that stands alone.
  if (sequence !== undefined && sequence !== 0 && sequence !== '')
    refuse('parameters.sequence_id', `is ${show(sequence)}; models keep no state between requests here, leave it out.`);
  // Nobody gets ahead of the priority that the server has given: an asynchronous request stays behind those that are waited for.
  if (priority !== undefined)
    call.priority = Math.min(MAX_PRIORITY, Math.max(call.priority, whole(priority, 'priority')));
  if (timeout !== undefined && whole(timeout, 'timeout') > 0)
    call.deadlineAt = Math.min(call.deadlineAt, performance.now() + whole(timeout, 'timeout') / 1000);
}

function whole(value: unknown, name: string): number {
  const number = Number(value);
  if (typeof value === 'boolean' || !Number.isInteger(number) || number < 0)
    refuse(`parameters.${name}`, `is ${show(value)}; send a whole number of 0 or more.`);
  return number;
}

function indexEntry({ at, state, failure, note }: HostedModel): IndexEntry {
  const states = {
    unloaded: 'UNAVAILABLE',
    loading: 'LOADING',
    ready: 'READY',
    unloading: 'UNLOADING',
    failed: 'UNAVAILABLE',
  } as const;
  const reason = state === 'failed' ? tellable(failure) : state === 'unloaded' && note === '' ? 'unloaded' : note;
  return { name: at.name, version: at.version, state: states[state], reason };
}

async function checkModel(model: HostedModel): Promise<void> {
  try {
    await model.checkReady();
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw new ApiError('NotReady', tellable(error, 'The golden check failed unexpectedly.'), { cause: error });
  }
}

function throwLoadFailure(error: unknown): never {
  if (error instanceof ApiError) throw error;
  throw new ApiError('LoadFailed', `The model cannot be loaded: ${tellable(error)}`, { cause: error });
}

// oxlint-disable-next-line complexity -- one line a kind of failure
function toClientError(error: unknown): unknown {
  if (!(error instanceof EngineError)) return error;
  switch (error.kind) {
    case 'invalidInput':
      return new ApiError('InvalidRequest', `inputs do not suit the model: ${error.message}`, { cause: error });
    case 'crashed':
    case 'killed':
    case 'closed':
      return new ApiError('ModelRestarting', `${error.message} It is started again; ask again.`, { cause: error });
    case 'hung':
      return new ApiError('DeadlineExceeded', `${error.message} It is started again; send fewer rows.`, {
        cause: error,
      });
    case 'outOfMemory':
    case 'notBatchable':
    case 'unsupportedOperator':
    case 'unsupportedType':
    case 'failed':
      return new ApiError('ModelFailed', `The model failed on these inputs: ${error.message}`, { cause: error });
  }
}
