import type { Change } from './kube/change.ts';
import type { Cluster, KubeObject } from './kube/cluster.ts';
import { PARENT_KINDS } from './kinds.ts';
import { systemClock, type Clock } from './loop/clock.ts';
import { startController, type Controller } from './loop/controller.ts';
import { CapacityReader } from './reconcile/inference-service/capacity-reader.ts';
import type { PodVoices } from './reconcile/inference-service/deps.ts';
import { reconcileInferenceService } from './reconcile/inference-service/reconcile.ts';
import { VerificationLine } from './reconcile/model/line.ts';
import { reconcileModel } from './reconcile/model/reconcile.ts';
import { restoreLine } from './reconcile/model/restore-line.ts';
import { routesOf, type Route } from './routes.ts';
import { ServicesByModel } from './services-by-model.ts';
import type { Settings } from './settings.ts';
import type { Logger } from './telemetry/log.ts';
import type { Metrics } from './telemetry/metrics.ts';

/** What the controllers work with. */
export interface WiringDeps {
  cluster: Cluster & { onChange: (handler: (change: Change) => void) => void };
  settings: Settings;
  log: Logger;
  metrics: Metrics;
  clock?: Clock;
}

/** Nothing is scraped yet. */
const SILENT: PodVoices = { figures: () => undefined, readiness: () => new Map() };

type Controllers = Readonly<Record<Route['controller'], Controller>>;

/** Which controller watches what. Create it before the watches start; `start` it once this process leads. */
export class Wiring {
  readonly #deps: WiringDeps;
  readonly #services = new ServicesByModel();
  #controllers: Controllers | undefined;

  constructor(deps: WiringDeps) {
    this.#deps = deps;
    deps.cluster.onChange((change) => this.#route(change));
  }

  /** Starts the controllers and looks at every object once. The cache must be filled. */
  start(): void {
    const controllers = { model: this.#startModels(), service: this.#startServices() };
    this.#controllers = controllers;
    for (const kind of PARENT_KINDS) {
      const controller = kind.kind === 'Model' ? controllers.model : controllers.service;
      for (const object of this.#deps.cluster.list(kind)) controller.enqueue(keyOf(object));
    }
  }

  /** Waits for the passes that run. */
  async stop(): Promise<void> {
    const controllers = Object.values(this.#controllers ?? {});
    this.#controllers = undefined;
    await Promise.all(controllers.map((controller) => controller.stop()));
  }

  /** How long the oldest pass of each controller has been running, for liveness. */
  passes(): { controller: string; oldestMs: number }[] {
    const all = Object.entries(this.#controllers ?? {});
    return all.map(([controller, { oldestPassMs }]) => ({ controller, oldestMs: oldestPassMs() }));
  }

  #route(change: Change): void {
    this.#services.observe(change);
    if (this.#controllers === undefined) return;
    for (const { controller, key, delayMs = 0 } of routesOf(change, this.#services)) {
      this.#controllers[controller].enqueueAfter(key, delayMs);
    }
  }

  #startModels(): Controller {
    const { cluster, settings, clock = systemClock } = this.#deps;
    const line = new VerificationLine(settings.verification.concurrency, (key) =>
      this.#controllers?.model.enqueue(key),
    );
    restoreLine(line, cluster);
    const now = (): Date => new Date(clock.now());
    const deps = { cluster, settings, line, now, servicesOf: this.#services.of.bind(this.#services) };
    return this.#start('model', (key) => reconcileModel(refOf(key), deps));
  }

  #startServices(): Controller {
    const { cluster, settings, clock = systemClock } = this.#deps;
    const now = (): Date => new Date(clock.now());
    const deps = { cluster, settings, now, capacity: new CapacityReader(cluster, now), voices: SILENT };
    return this.#start('service', (key) => reconcileInferenceService(refOf(key), deps));
  }

  #start(name: Route['controller'], reconcile: (key: string) => Promise<{ requeueAfterMs?: number }>): Controller {
    const { log, metrics, settings, clock = systemClock } = this.#deps;
    return startController({ name, reconcile, concurrency: settings.concurrency, log, metrics, clock });
  }
}

const keyOf = ({ metadata }: KubeObject): string => `${metadata.namespace ?? ''}/${metadata.name}`;

function refOf(key: string): { namespace: string; name: string } {
  const [namespace = '', name = ''] = key.split('/');
  return { namespace, name };
}
