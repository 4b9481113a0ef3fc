/** One request on its way through the server: who asks, how urgent it is, how long the answer is wanted, and whether it still is. */
export class Call {
  /** Whom fairness counts this request for: an address, or what a proxy in front says. */
  readonly client: string;
  /** Lower is sooner, as in Triton; 0 stands for the default. */
  priority: number;
  /** When nobody waits any more, on the clock of performance.now(); Infinity without a limit. */
  deadlineAt: number;
  /** Called once when the client goes away or cancels. */
  onCancel: (() => void) | undefined;
  #isCancelled = false;

  constructor(client = '', deadlineAt = Infinity, priority = 0) {
    this.client = client;
    this.deadlineAt = deadlineAt;
    this.priority = priority;
  }

  /** True once the client has gone or has cancelled. */
  get isCancelled(): boolean {
    return this.#isCancelled;
  }

  /** Nobody waits for the answer any more. */
  cancel(): void {
    if (this.#isCancelled) return;
    this.#isCancelled = true;
    this.onCancel?.();
  }
}
