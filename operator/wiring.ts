import { createPodClient } from './figures/pod-client.ts';
import { PodWatcher } from './figures/pod-watcher.ts';
import { Followers } from './followers.ts';
import { PARENT_KINDS } from './kinds.ts';
import type { Change } from './kube/change.ts';
import type { Cluster, KubeObject } from './kube/cluster.ts';
import { systemClock, type Clock } from './loop/clock.ts';
import { startController, type Controller } from './loop/controller.ts';
import { CapacityReader } from './reconcile/inference-service/capacity-reader.ts';
import type { PodVoices } from './reconcile/inference-service/deps.ts';
import { reconcileInferenceService } from './reconcile/inference-service/reconcile.ts';
import { VerificationLine } from './reconcile/model/line.ts';
import { reconcileModel } from './reconcile/model/reconcile.ts';
import { restoreLine } from './reconcile/model/restore-line.ts';
import { reconcileTrainingJob } from './reconcile/training-job/reconcile.ts';
import { createSearch } from './reconcile/training-job/search/create-search.ts';
import { createSuggest } from './reconcile/training-job/search/suggest-client.ts';
import { StatusPace } from './reconcile/training-job/status-pace.ts';
import { controllerOf, routesOf, type Route } from './routes.ts';
import type { Settings } from './settings.ts';
import type { Logger } from './telemetry/log.ts';
import type { Metrics } from './telemetry/metrics.ts';
import { TrainingWatcher } from './training/training-watcher.ts';

/** What the controllers work with. */
export interface WiringDeps {
  cluster: Cluster & { onChange: (handler: (change: Change) => void) => void };
  settings: Settings;
  log: Logger;
  metrics: Metrics;
  clock?: Clock;
}

type Controllers = Readonly<Record<Route['controller'], Controller>>;

/** For when the platform team has switched the figures off. */
const SILENT: PodVoices = { figures: () => undefined, readiness: () => new Map() };

/** Which controller watches what. Create it before the watches start; `start` it once this process leads. */
export class Wiring {
  readonly #deps: WiringDeps;
  readonly #clock: Clock;
  readonly #followers = new Followers();
  #controllers: Controllers | undefined;
  #podWatcher: PodWatcher | undefined;
  #trainingWatcher: TrainingWatcher | undefined;

  constructor(deps: WiringDeps) {
    this.#deps = deps;
    this.#clock = deps.clock ?? systemClock;
    deps.cluster.onChange((change) => this.#route(change));
  }

  /** Starts the controllers and looks at every object once. The cache must be filled. */
  start(): void {
    const { cluster, settings } = this.#deps;
    if (settings.figures.enabled) this.#podWatcher = this.#watchPods();
    const controllers = {
      model: this.#startModels(),
      service: this.#startServices(),
      training: this.#startTraining(),
    };
    this.#controllers = controllers;
    for (const kind of PARENT_KINDS) {
      const controller = controllers[controllerOf(kind.kind)];
      for (const object of cluster.list(kind)) controller.enqueue(keyOf(object));
    }
  }

  /** Waits for the passes that run. */
  async stop(): Promise<void> {
    const controllers = Object.values(this.#controllers ?? {});
    this.#controllers = undefined;
    await Promise.all([
      ...controllers.map((controller) => controller.stop()),
      this.#podWatcher?.stop(),
      this.#trainingWatcher?.stop(),
    ]);
  }

  /** How long the oldest pass of each controller has been running, for liveness. */
  passes(): { controller: string; oldestMs: number }[] {
    const all = Object.entries(this.#controllers ?? {});
    return all.map(([controller, { oldestPassMs }]) => ({ controller, oldestMs: oldestPassMs() }));
  }

  #route(change: Change): void {
    this.#followers.observe(change);
    if (this.#controllers === undefined) return;
    for (const { controller, key, delayMs = 0, urgency } of routesOf(change, this.#followers)) {
      this.#controllers[controller].enqueueAfter(key, delayMs, urgency);
    }
  }

  #startModels(): Controller {
    const { cluster, settings } = this.#deps;
    const line = new VerificationLine(settings.verification.concurrency, (key) =>
      this.#controllers?.model.enqueue(key),
    );
    restoreLine(line, cluster);
    const { services } = this.#followers;
    const deps = { cluster, settings, line, now: this.#now, servicesOf: services.of.bind(services) };
    return this.#start('model', (key) => reconcileModel(refOf(key), deps));
  }

  #startServices(): Controller {
    const { cluster, settings } = this.#deps;
    const capacity = new CapacityReader(cluster, this.#now);
    const deps = { cluster, settings, now: this.#now, capacity, voices: this.#podWatcher ?? SILENT };
    return this.#start('service', (key) => reconcileInferenceService(refOf(key), deps));
  }

  #startTraining(): Controller {
    const { cluster, settings } = this.#deps;
    const wake = (key: string): void => this.#controllers?.training.enqueue(key);
    const watcher = new TrainingWatcher({
      cluster,
      clock: this.#clock,
      wake,
      everySeconds: settings.training.watchSeconds,
    });
    watcher.start();
    this.#trainingWatcher = watcher;
    const suggest = createSuggest({ url: settings.training.suggestUrl, now: () => this.#clock.now() });
    const deps = {
      cluster,
      settings,
      now: this.#now,
      voices: watcher,
      pace: new StatusPace(),
      search: createSearch({ suggest, voices: watcher }),
      capacity: new CapacityReader(cluster, this.#now),
    };
    return this.#start('training', (key) => reconcileTrainingJob(refOf(key), deps));
  }

  #watchPods(): PodWatcher {
    const { everySeconds } = this.#deps.settings.figures;
    const wake = (key: string): void => this.#controllers?.service.enqueue(key);
    const { cluster } = this.#deps;
    const watcher = new PodWatcher({ cluster, ask: createPodClient().ask, clock: this.#clock, everySeconds, wake });
    watcher.start();
    return watcher;
  }

  #start(name: Route['controller'], reconcile: (key: string) => Promise<{ requeueAfterMs?: number }>): Controller {
    const { log, metrics, settings } = this.#deps;
    return startController({ name, reconcile, concurrency: settings.concurrency, log, metrics, clock: this.#clock });
  }

  #now = (): Date => new Date(this.#clock.now());
}

const keyOf = ({ metadata }: KubeObject): string => `${metadata.namespace ?? ''}/${metadata.name}`;

function refOf(key: string): { namespace: string; name: string } {
  const [namespace = '', name = ''] = key.split('/');
  return { namespace, name };
}
