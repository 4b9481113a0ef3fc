import { stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../error-shape.ts';
import { ApiError } from '../errors.ts';
import { awaitForCall } from './await-call.ts';
import type { Call } from './call.ts';
import type { HostedModel } from './hosted-model.ts';
import type { MemoryBudget } from './memory-budget.ts';
import { showMebibytes } from './memory-budget.ts';
import { Slots } from './slots.ts';

const LOOK_MS = 2000;
const ROOM_POLL_MS = 20;
const ROOM_WAIT_MS = 30_000;
/** A model that could not be loaded is not tried again sooner, however many ask. */
const RETRY_MS = 10_000;

/** What a pool works with. */
export interface PoolOptions {
  /** All models, loaded or not. */
  models: () => readonly HostedModel[];
  isPinned: (model: HostedModel) => boolean;
  budget?: MemoryBudget | undefined;
  idleUnloadMs?: number | undefined;
  loadsAtOnce: number;
  /** Told of each model that was loaded, could not be loaded, or was unloaded. */
  onEvent: (model: HostedModel, event: { what: string; detail: string; error?: unknown }) => void;
}

/** Loads models when they are asked for, and unloads those that were not used for longest when memory is short. */
export class ModelPool {
  readonly #options: PoolOptions;
  readonly #loads = new Map<HostedModel, Promise<void>>();
  readonly #holds = new Map<HostedModel, number>();
  readonly #failedAt = new WeakMap<HostedModel, number>();
  readonly #leaving = new Set<HostedModel>();
  readonly #slots: Slots;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#slots = new Slots(options.loadsAtOnce);
  }

  /** Begins to look after memory and idle models. */
  start(): void {
    this.#timer = setInterval(() => void this.tidy(), LOOK_MS).unref();
  }

  /** Stops looking. */
  stop(): void {
    clearInterval(this.#timer);
  }

  /** Makes sure that a model is loaded; undefined when it is. Requests at the same time share the load. */
  ensure(model: HostedModel, call?: Call): Promise<void> | undefined {
    return this.#isThere(model) ? undefined : this.#waitFor(model, call);
  }

  /** True while somebody uses the model or waits for it. */
  isHeld(model: HostedModel): boolean {
    return model.isBusy || this.#loads.has(model) || (this.#holds.get(model) ?? 0) > 0;
  }

  /** Loads a model, with room made for it. */
  load(model: HostedModel): Promise<void> {
    const underWay = this.#loads.get(model);
    if (underWay !== undefined) return underWay;
    const loading = this.#slots.run(() => this.#admit(model)).finally(() => this.#loads.delete(model));
    this.#loads.set(model, loading);
    return loading;
  }

  /** Unloads what has been idle for too long, and what the memory budget has no room for. */
  async tidy(): Promise<void> {
    const { idleUnloadMs } = this.#options;
    if (idleUnloadMs !== undefined) {
      const idle = this.#unloadable().filter(({ usedAt }) => Date.now() - usedAt > idleUnloadMs);
      await Promise.all(idle.map((model) => this.#unload(model, 'not used')));
    }
    await this.#shrink(0);
  }

  /** The hold lasts a turn longer than the wait, so that the request is in the model's queue before it ends. */
  async #waitFor(model: HostedModel, call: Call | undefined): Promise<void> {
    this.#holds.set(model, (this.#holds.get(model) ?? 0) + 1);
    try {
      this.#refuseFailed(model);
      await awaitForCall(this.load(model), call);
    } finally {
      setImmediate(() => {
        const holds = (this.#holds.get(model) ?? 1) - 1;
        if (holds > 0) this.#holds.set(model, holds);
        else this.#holds.delete(model);
      });
    }
  }

  /** Loaded, and not chosen to go. */
  #isThere(model: HostedModel): boolean {
    return model.state === 'ready' && !this.#leaving.has(model);
  }

  #refuseFailed(model: HostedModel): void {
    const failedAt = this.#failedAt.get(model);
    if (model.failure === undefined || failedAt === undefined || performance.now() - failedAt > RETRY_MS) return;
    throw model.failure;
  }

  async #admit(model: HostedModel): Promise<void> {
    if (this.#isThere(model)) return;
    model.note = '';
    const { onEvent } = this.#options;
    try {
      await this.#loadWithin(model);
      onEvent(model, { what: 'model loaded', detail: `${model.loadSeconds} s` });
    } catch (error) {
      if (!isPassing(error)) this.#failedAt.set(model, performance.now());
      onEvent(model, { what: 'model cannot be loaded', detail: messageOf(error), error });
      throw error;
    }
  }

  async #loadWithin(model: HostedModel): Promise<void> {
    const { budget } = this.#options;
    if (budget === undefined) return model.load();
    const fileBytes = await stat(model.at.modelPath).then(
      ({ size }) => size,
      () => 0,
    );
    const bytes = Math.min(budget.limitBytes, budget.estimate(model, fileBytes));
    await this.#makeRoom(bytes);
    await budget.reserving(model, bytes, () => model.load());
    await this.#judge(model, budget);
  }

  /** Waits until busy models have made room. */
  async #makeRoom(bytes: number): Promise<void> {
    const { budget } = this.#options;
    const until = performance.now() + ROOM_WAIT_MS;
    while (!(await this.#shrink(bytes))) {
      // Nobody whom waiting would make idle: then the measurement after the load decides.
      if (budget?.isPromised !== true && !this.#hasHeldBeside()) return;
      if (performance.now() > until)
        throw new ApiError(
          'NotReady',
          'The memory budget is taken by models that are busy. Ask again, or raise --memory-budget.',
        );
      await delay(ROOM_POLL_MS);
    }
  }

  /** A model that was loaded may stay when it fits, with the others that cannot go. */
  async #judge(model: HostedModel, budget: MemoryBudget): Promise<void> {
    const bytes = await budget.measure(model);
    if (bytes <= budget.limitBytes && ((await this.#shrink(0, model)) || this.#hasHeldBeside(model))) return;
    await model.unload();
    const limit = `the memory budget is ${showMebibytes(budget.limitBytes)} (--memory-budget)`;
    const error =
      bytes > budget.limitBytes
        ? `The model takes ${showMebibytes(bytes)} alone, and ${limit}.`
        : `The model takes ${showMebibytes(bytes)}, ${limit}, and pinned models take the rest.`;
    model.state = 'failed';
    model.failure = new ApiError('LoadFailed', `${error} Raise the budget.`);
    throw model.failure;
  }

  #hasHeldBeside(model?: HostedModel): boolean {
    return this.#options.models().some((other) => other !== model && other.state === 'ready' && this.isHeld(other));
  }

  /** Unloads until so many bytes are free; false when nothing more can go. */
  async #shrink(bytes: number, spared?: HostedModel): Promise<boolean> {
    const { budget, models } = this.#options;
    if (budget === undefined) return true;
    while ((await budget.total(models())) + bytes > budget.limitBytes) {
      const [victim] = this.#unloadable().filter((model) => model !== spared);
      if (victim === undefined) return false;
      await this.#unload(victim, 'to make room');
    }
    return true;
  }

  /** What may be unloaded, the one that was not used for longest first. */
  #unloadable(): HostedModel[] {
    const { models, isPinned } = this.#options;
    const idle = models().filter((model) => this.#isThere(model) && !this.isHeld(model) && !isPinned(model));
    return idle.toSorted((a, b) => a.usedAt - b.usedAt);
  }

  async #unload(model: HostedModel, why: string): Promise<void> {
    // Its state changes a turn later; requests that come until then wait for it to be loaded again.
    this.#leaving.add(model);
    this.#options.onEvent(model, { what: 'model unloaded', detail: why });
    await model.unload().finally(() => this.#leaving.delete(model));
  }
}

const isPassing = (error: unknown): boolean => error instanceof ApiError && error.code === 'NotReady';
