import type { EngineError, Session } from '../engine/engine.ts';

const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 30_000;
/** A model that loads and then crashes is back within two seconds and its load. */
const MAX_DELAY_AFTER_LOSS_MS = 1600;
/** An instance that lived this long is started again at once. */
const STEADY_MS = 10_000;

/** What an instance tells. */
export interface InstanceEvents {
  /** It can take work, for the first time or again. */
  onReady: (instance: Instance) => void;
  /** It was lost and is being started again. */
  onLost: (reason: EngineError) => void;
  /** It could not be started again; it will be tried once more. */
  onFailedStart: (error: unknown) => void;
}

/** One copy of a model that is kept running: when its process is lost, it is loaded again, ever less eagerly. */
export class Instance {
  isBusy = false;
  readonly #open: () => Promise<Session>;
  readonly #events: InstanceEvents;
  #session: Session | undefined;
  #isClosed = false;
  #cpuBefore = 0;
  #cpuNow = 0;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(open: () => Promise<Session>, events: InstanceEvents) {
    this.#open = open;
    this.#events = events;
  }

  /** The session, while there is one. */
  get session(): Session | undefined {
    return this.#session;
  }

  /** CPU time of all its processes so far, in seconds; what one spent after it was last asked is lost with it. */
  cpuSeconds(): number {
    this.#cpuNow = Math.max(this.#cpuNow, this.#session?.cpuSeconds?.() ?? 0);
    return this.#cpuBefore + this.#cpuNow;
  }

  /** True when it can take work now. */
  get isFree(): boolean {
    return !this.isBusy && this.#session !== undefined;
  }

  /** Loads the model for the first time; fails when that does. */
  async start(): Promise<void> {
    this.#accept(await this.#open());
  }

  /** Ends it for good. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    const session = this.#session;
    this.#session = undefined;
    await session?.close();
  }

  #accept(session: Session): void {
    if (this.#isClosed) {
      void session.close();
      return;
    }
    this.#session = session;
    const since = performance.now();
    void session.lost?.then((reason) => this.#onLost(reason, performance.now() - since));
    this.#events.onReady(this);
  }

  #onLost(reason: EngineError, livedMs: number): void {
    this.#session = undefined;
    this.#cpuBefore += this.#cpuNow;
    this.#cpuNow = 0;
    if (this.#isClosed) return;
    this.#failures = livedMs > STEADY_MS ? 0 : this.#failures + 1;
    this.#events.onLost(reason);
    this.#restartLater(MAX_DELAY_AFTER_LOSS_MS);
  }

  #restartLater(maxDelayMs: number): void {
    const delayMs = this.#failures === 0 ? 0 : Math.min(maxDelayMs, FIRST_DELAY_MS * 2 ** (this.#failures - 1));
    this.#timer = setTimeout(() => void this.#restart(), delayMs);
  }

  async #restart(): Promise<void> {
    try {
      this.#accept(await this.#open());
    } catch (error) {
      if (this.#isClosed) return;
      this.#failures += 1;
      this.#events.onFailedStart(error);
      this.#restartLater(MAX_DELAY_MS);
    }
  }
}
