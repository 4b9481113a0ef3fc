import type { Session } from '../engine/engine.ts';
import { EngineError } from '../engine/engine.ts';
import { ApiError } from '../errors.ts';
import type { Tensor, TensorSpec } from '../protocol/tensor.ts';
import { matchInputs, matchOutputs } from '../protocol/match-inputs.ts';
import type { InferRequest } from '../protocol/v2-request.ts';
import { show } from '../protocol/v2-request.ts';
import type { InferResponse } from '../protocol/v2-response.ts';
import type { Readiness } from './readiness.ts';
import { ModelFailure } from '../model-failure.ts';

/** Each pod serves one version of its model; which revision that is stands in the metadata. */
const SERVED_VERSION = '1';

/** What is served. */
export interface ServedModel {
  name: string;
  revision?: string | undefined;
  task?: string | undefined;
}

/** A model's metadata as Open Inference V2 has it. */
export interface ModelMetadata {
  name: string;
  versions: string[];
  platform: string;
  inputs: readonly TensorSpec[];
  outputs: readonly TensorSpec[];
  parameters?: Record<string, string>;
}

type State = { name: 'loading' } | { name: 'serving' | 'draining'; session: Session; readiness: Readiness };

/** All behaviour of the server, with no transport in it. */
export class DataPlane {
  readonly model: ServedModel;
  #state: State = { name: 'loading' };

  constructor(model: ServedModel) {
    this.model = model;
  }

  /** Begins to serve a loaded model. */
  serve(session: Session, readiness: Readiness): void {
    this.#state = { name: 'serving', session, readiness };
  }

  /** Not ready from now on; requests are still answered. */
  drain(): void {
    if (this.#state.name === 'serving') this.#state = { ...this.#state, name: 'draining' };
  }

  /** True once draining has begun. */
  get isDraining(): boolean {
    return this.#state.name === 'draining';
  }

  /** Resolves when the model has just given the right answer; rejects with the reason otherwise. */
  async checkReady(): Promise<void> {
    if (this.#state.name === 'loading') throw new ApiError('NotReady', 'The model is still being loaded.');
    if (this.#state.name === 'draining') throw new ApiError('NotReady', 'The server is shutting down.');
    try {
      await this.#state.readiness.check();
    } catch (error) {
      throw new ApiError('NotReady', whyNotReady(error), { cause: error });
    }
  }

  /** Refuses names and versions that are not served. */
  assertServed(name: string, version: string | undefined): void {
    if (name !== this.model.name) {
      throw new ApiError(
        'UnknownModel',
        `There is no model ${show(name)} here; this server serves ${show(this.model.name)}.`,
      );
    }
    if (version !== undefined && version !== SERVED_VERSION) {
      throw new ApiError(
        'UnknownVersion',
        `There is no version ${show(version)} of ${show(name)}; leave it out or use "${SERVED_VERSION}".`,
      );
    }
  }

  /** The model's tensors and names. */
  metadata(): ModelMetadata {
    const { inputs, outputs } = this.#session();
    const { name, revision, task } = this.model;
    const parameters = { ...(revision !== undefined && { revision }), ...(task !== undefined && { task }) };
    return {
      name,
      versions: [SERVED_VERSION],
      platform: 'onnx_onnxv1',
      inputs,
      outputs,
      ...(Object.keys(parameters).length > 0 && { parameters }),
    };
  }

  /** Answers one inference request. */
  async infer(request: InferRequest): Promise<InferResponse> {
    const session = this.#session();
    const outputNames = matchOutputs(request, session.outputs);
    const inputs = matchInputs(request, session.inputs);
    const outputs = await session.run(inputs, outputNames).catch(throwForClient);
    return {
      modelName: this.model.name,
      modelVersion: SERVED_VERSION,
      outputs,
      ...(request.id !== undefined && { id: request.id }),
      ...(request.parameters !== undefined && { parameters: request.parameters }),
    };
  }

  #session(): Session {
    if (this.#state.name === 'loading') throw new ApiError('NotReady', 'The model is still being loaded.');
    return this.#state.session;
  }
}

/** What was foreseen is told; of anything else the log has the cause. */
const whyNotReady = (error: unknown): string =>
  error instanceof ModelFailure || error instanceof EngineError
    ? error.message
    : 'The golden check failed unexpectedly.';

function throwForClient(error: unknown): Tensor[] {
  if (!(error instanceof EngineError)) throw error;
  if (error.kind === 'invalidInput') {
    throw new ApiError('InvalidRequest', `inputs do not suit the model: ${error.message}`, { cause: error });
  }
  throw new ApiError('ModelFailed', `The model failed on these inputs: ${error.message}`, { cause: error });
}
