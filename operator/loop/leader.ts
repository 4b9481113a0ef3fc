import type { Logger } from '../telemetry/log.ts';
import type { Random } from './backoff.ts';
import { sleep, type Clock } from './clock.ts';
import { microTime } from './micro-time.ts';

/** The part of a coordination.k8s.io/v1 Lease that an election uses. */
export interface Lease {
  metadata: { name: string; namespace: string; resourceVersion?: string };
  spec: {
    holderIdentity?: string;
    leaseDurationSeconds?: number;
    acquireTime?: string;
    renewTime?: string;
    leaseTransitions?: number;
  };
}

/** How the elector reaches its Lease. Each call must end within the renew deadline. */
export interface LeaseClient {
  get: () => Promise<Lease | undefined>;
  create: (spec: Lease['spec']) => Promise<Lease>;
  /** Fails when the Lease changed since it was read. */
  update: (lease: Lease) => Promise<Lease>;
}

/** What an elector is made of. */
export interface ElectorOptions {
  client: LeaseClient;
  /** Unlike that of any other process, also of an earlier life of this one. */
  identity: string;
  leaseSeconds: number;
  renewDeadlineSeconds: number;
  retrySeconds: number;
  clock: Clock;
  random: Random;
  log: Logger;
  onElected: () => void;
  /** The process must exit: somebody else may lead from now on. */
  onLost: (reason: string) => void;
}

/**
 * Leader election by Lease. The wall clock is only written, never compared: whether a holder is gone is judged by how long
 * its record did not change on our own monotonic clock, so clocks that differ do no harm.
 */
export class LeaderElector {
  readonly #options: ElectorOptions;
  readonly #stop = new AbortController();
  #lease: Lease | undefined;
  #observedAt = 0;
  /** Start of the last renewal that succeeded, while we hold the Lease. */
  #renewedAt: number | undefined;
  #isLost = false;
  #attempting: Promise<void> = Promise.resolve();

  constructor(options: ElectorOptions) {
    const { leaseSeconds, renewDeadlineSeconds, retrySeconds } = options;
    if (!(leaseSeconds > renewDeadlineSeconds && renewDeadlineSeconds > retrySeconds)) {
      throw new RangeError(
        `need lease > renew deadline > retry, got ${leaseSeconds}, ${renewDeadlineSeconds}, ${retrySeconds}`,
      );
    }
    this.#options = options;
  }

  /** Whether we lead at this very moment. False as soon as the deadline passed, even if no timer had a chance to say so. */
  isLeader(): boolean {
    if (this.#renewedAt === undefined || this.#isLost) return false;
    return this.#options.clock.monotonic() - this.#renewedAt < this.#options.renewDeadlineSeconds * 1000;
  }

  /** Stands for election, leads, and ends when stopped or when the lead was lost. */
  async run(): Promise<void> {
    while (!this.#isOver()) {
      this.#attempting = this.#attempt();
      await this.#attempting;
      const jitter = this.#renewedAt === undefined ? 1 + this.#options.random() * 0.2 : 1;
      if (!this.#isOver())
        await sleep(this.#options.clock, this.#options.retrySeconds * 1000 * jitter, this.#stop.signal);
    }
  }

  /** Stops renewing and, if we lead, gives the Lease away. Call it only after all work has stopped. */
  async release(): Promise<void> {
    this.#stop.abort();
    // A renewal under way would make our version of the Lease stale.
    await this.#attempting;
    const wasLeader = this.isLeader();
    this.#isLost = true;
    const lease = this.#lease;
    if (!wasLeader || lease === undefined) return;
    try {
      await this.#options.client.update({
        ...lease,
        spec: { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: this.#time() },
      });
      this.#options.log.info('leadership released');
    } catch (err) {
      this.#options.log.warn({ err }, 'leadership not released; the others wait until it expires');
    }
  }

  #isOver(): boolean {
    return this.#stop.signal.aborted || this.#isLost;
  }

  async #attempt(): Promise<void> {
    const startedAt = this.#options.clock.monotonic();
    try {
      const isHeld = await this.#acquireOrRenew();
      if (this.#isOver()) return;
      if (isHeld) this.#held(startedAt);
      else if (this.#renewedAt !== undefined) this.#lose('somebody else holds the Lease');
    } catch (err) {
      this.#options.log.warn({ err }, 'lease not renewed or acquired');
    }
  }

  async #acquireOrRenew(): Promise<boolean> {
    const { client, identity } = this.#options;
    // While we lead, our own record is the newest we know: one request a renewal. A conflict makes us read again.
    const lease = this.#renewedAt !== undefined && this.#lease !== undefined ? this.#lease : await client.get();
    if (lease === undefined) {
      this.#lease = await client.create(this.#record(undefined));
      return true;
    }
    this.#observe(lease);
    if (lease.spec.holderIdentity !== identity && !this.#isExpired(lease)) return false;
    try {
      this.#lease = await client.update({ ...lease, spec: this.#record(lease) });
      return true;
    } catch (error) {
      return await this.#lookAgain(error);
    }
  }

  /** Somebody wrote or deleted the Lease: only a holder other than us ends our lead; the next try sorts out the rest. */
  async #lookAgain(error: unknown): Promise<boolean> {
    const lease = await this.#options.client.get();
    if (lease === undefined) {
      this.#lease = await this.#options.client.create(this.#record(undefined));
      return true;
    }
    this.#observe(lease);
    const holder = lease.spec.holderIdentity ?? '';
    if (holder !== '' && holder !== this.#options.identity) return false;
    throw error;
  }

  #observe(lease: Lease): void {
    if (this.#lease?.metadata.resourceVersion !== lease.metadata.resourceVersion) {
      this.#observedAt = this.#options.clock.monotonic();
    }
    this.#lease = lease;
  }

  #isExpired({ spec }: Lease): boolean {
    if ((spec.holderIdentity ?? '') === '') return true;
    // A holder may have been started with longer times than ours.
    const seconds = Math.max(this.#options.leaseSeconds, spec.leaseDurationSeconds ?? 0);
    return this.#options.clock.monotonic() - this.#observedAt >= seconds * 1000;
  }

  #record(previous: Lease | undefined): Lease['spec'] {
    const { identity, leaseSeconds } = this.#options;
    const isRenewal = previous?.spec.holderIdentity === identity;
    const transitions = previous?.spec.leaseTransitions ?? 0;
    return {
      holderIdentity: identity,
      leaseDurationSeconds: leaseSeconds,
      acquireTime: (isRenewal ? previous.spec.acquireTime : undefined) ?? this.#time(),
      renewTime: this.#time(),
      leaseTransitions: isRenewal || previous === undefined ? transitions : transitions + 1,
    };
  }

  #held(startedAt: number): void {
    const isNew = this.#renewedAt === undefined;
    // A renewal that was answered after the deadline came too late: the lead may already be somebody else's.
    if (!isNew && !this.isLeader()) return this.#lose('the renewal came too late');
    this.#renewedAt = startedAt;
    this.#watchDeadline(startedAt);
    if (!isNew) return;
    this.#options.log.info({ identity: this.#options.identity }, 'elected as leader');
    this.#options.onElected();
  }

  /** Counts from the start of the request, so that an answer which took long does not lengthen the lead. */
  #watchDeadline(startedAt: number): void {
    const { clock, renewDeadlineSeconds } = this.#options;
    clock.after(startedAt + renewDeadlineSeconds * 1000 - clock.monotonic(), () => {
      if (this.#renewedAt === startedAt && !this.#isOver()) this.#lose('the Lease was not renewed in time');
    });
  }

  #lose(reason: string): void {
    if (this.#isLost) return;
    this.#isLost = true;
    this.#stop.abort();
    this.#options.log.error({ reason }, 'leadership lost');
    this.#options.onLost(reason);
  }

  #time(): string {
    return microTime(this.#options.clock.now());
  }
}
