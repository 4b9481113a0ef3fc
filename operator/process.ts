import { randomUUID } from 'node:crypto';
import { PARENT_KINDS, WATCHED_KINDS } from './kinds.ts';
import { createConnection, loadKubeConfig } from './kube/connection.ts';
import { createLeaseClient } from './kube/lease-client.ts';
import { LiveCluster } from './kube/live-cluster.ts';
import { sleep, systemClock } from './loop/clock.ts';
import { LeaderElector } from './loop/leader.ts';
import type { Settings } from './settings.ts';
import { liveProblems, startHealthServer, type HealthServer, type HealthSource } from './telemetry/health.ts';
import type { Logger } from './telemetry/log.ts';
import { createMetrics, type Metrics } from './telemetry/metrics.ts';
import { countObjects } from './telemetry/object-counts.ts';
import { VERSION } from './version.ts';
import { Wiring } from './wiring.ts';

/** What the process is told from outside. */
export interface ProcessOptions {
  settings: Settings;
  log: Logger;
  /** Name of this pod. */
  instance: string;
  /** Ends the process: 0 after `stop`, 1 when somebody else may lead from now on. */
  exit: (code: number) => void;
}

/** How long a stop waits for the events that tell what was done. */
const LAST_EVENTS_MS = 3_000;

/** The operator as one process: watches always, works while it leads. */
export class OperatorProcess {
  readonly #options: ProcessOptions;
  readonly #metrics: Metrics = createMetrics(VERSION);
  readonly #cluster: LiveCluster;
  readonly #wiring: Wiring;
  readonly #elector: LeaderElector | undefined;
  #servers: readonly HealthServer[] = [];
  #isStopping = false;

  constructor(options: ProcessOptions) {
    const { settings, log, instance } = options;
    this.#options = options;
    this.#cluster = new LiveCluster({
      connection: createConnection(loadKubeConfig()),
      kinds: WATCHED_KINDS,
      namespaces: settings.watchNamespaces,
      log,
      metrics: this.#metrics,
      version: VERSION,
      instance,
      // A process that was frozen past its lease must not write in the moment before its timers notice.
      mayWrite: () => this.#elector?.isLeader() ?? true,
    });
    this.#wiring = new Wiring({ cluster: this.#cluster, settings, log, metrics: this.#metrics });
    this.#elector = settings.leaderElection.enabled ? this.#createElector() : undefined;
  }

  /** Starts everything; comes back once the process stands for election. */
  async start(): Promise<void> {
    const { settings, log } = this.#options;
    // The same answers on both ports: probes and metrics are let in by different network policies.
    const source: HealthSource = {
      liveProblems: () => liveProblems({ watches: this.#cluster.health(), passes: this.#wiring.passes() }),
      readyProblems: () => this.#unsynced(),
      registry: this.#metrics.registry,
      updateGauges: () => this.#updateGauges(),
    };
    const ports = [settings.healthPort, settings.metricsPort];
    this.#servers = await Promise.all(ports.map((port) => startHealthServer(port, source)));
    log.info({ version: VERSION, ports: this.#servers.map(({ port }) => port) }, 'operator starts');
    this.#cluster.start();
    // A standby with a warm cache takes over within a lease.
    await this.#cluster.settled();
    if (this.#elector === undefined) this.#lead();
    else void this.#elector.run();
  }

  /** Ends in order: no new work, the passes that run, the Lease, the watches. */
  async stop(): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    await this.#wiring.stop();
    await Promise.race([this.#cluster.eventsWritten(), sleep(systemClock, LAST_EVENTS_MS)]);
    await this.#elector?.release();
    await this.#cluster.stop();
    await Promise.all(this.#servers.map((server) => server.stop()));
    this.#options.exit(0);
  }

  #updateGauges(): void {
    this.#cluster.updateGauges();
    countObjects(
      this.#metrics.objects,
      PARENT_KINDS.flatMap((kind) => this.#cluster.list(kind)),
    );
  }

  #createElector(): LeaderElector {
    const { settings, log, instance, exit } = this.#options;
    const { namespace, leaderElection } = settings;
    const { renewDeadlineSeconds } = leaderElection;
    const timeoutMs = (renewDeadlineSeconds * 1000) / 2;
    return new LeaderElector({
      ...leaderElection,
      client: createLeaseClient(this.#cluster.api, { name: leaderElection.leaseName, namespace, timeoutMs }),
      identity: `${instance}_${randomUUID()}`,
      clock: systemClock,
      random: Math.random,
      log,
      onElected: () => this.#lead(),
      onLost: () => exit(1),
    });
  }

  #lead(): void {
    if (this.#isStopping) return;
    this.#metrics.leader.set(1);
    this.#wiring.start();
  }

  #unsynced(): string[] {
    return this.#cluster
      .health()
      .filter(({ hasSynced, state }) => !hasSynced && (state === 'listing' || state === 'failing'))
      .map(({ kind }) => `the objects of kind ${kind} are not listed yet`);
  }
}
