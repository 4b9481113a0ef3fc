import type { InferenceService } from '../../crds/schema/inference-service.ts';
import { API_VERSION } from '../../crds/schema/shared.ts';
import type { Pod } from '../build/inference-service/children.ts';
import { HTTP_PORT, METRICS_PORT } from '../build/inference-service/names.ts';
import { Component, Label } from '../build/labels.ts';
import { decideFigures, type Figures } from '../decide/inference-service/figures.ts';
import { containerStatus, isAlive, isReady } from '../decide/inference-service/pods.ts';
import type { Cluster, KubeObject } from '../kube/cluster.ts';
import type { Clock } from '../loop/clock.ts';
import { forEachAtOnce, Rounds } from '../loop/rounds.ts';
import type { PodClient } from './pod-client.ts';
import { toPodSample, type PodSample } from './pod-sample.ts';
import { computeFigures, withSample } from './window.ts';

/** What the watcher works with. */
export interface PodWatcherDeps {
  cluster: Cluster;
  ask: PodClient;
  clock: Clock;
  everySeconds: number;
  /** Called with the key of a service that has something worth a look. */
  wake: (key: string) => void;
}

/** What is remembered of one pod. */
interface Memory {
  samples: PodSample[];
  /** Its words about its golden request, while it is not ready. */
  words: string | undefined;
  failures: number;
  askAgainAtMs: number;
}

const WINDOW_MS = 60_000;
const MAX_AT_ONCE = 32;
const LONGEST_PAUSE_MS = 300_000;
const LONGEST_WORDS = 500;

/**
 * Reads the serving pods in rounds and keeps the last minute in memory. It never writes: it wakes the reconciler when the
 * figures differ noticeably from those in the status.
 */
export class PodWatcher {
  readonly #deps: PodWatcherDeps;
  readonly #rounds: Rounds;
  readonly #memories = new Map<string, Memory>();
  #services = new Map<string, Pod[]>();

  constructor(deps: PodWatcherDeps) {
    this.#deps = deps;
    this.#rounds = new Rounds(deps);
  }

  /** Starts the rounds. */
  start(): void {
    this.#rounds.start(() => this.round());
  }

  /** Ends the rounds; the one that runs ends first. */
  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  /** Live figures of a service; undefined until its pods were read twice. */
  figures(key: string): Figures | undefined {
    const pods = this.#services.get(key) ?? [];
    const samples = pods.map((pod) => this.#memories.get(uidOf(pod))?.samples ?? []);
    return computeFigures(samples, this.#deps.clock.now());
  }

  /** What pods that run but are not ready say, by uid. */
  readiness(key: string): ReadonlyMap<string, string> {
    const pods = this.#services.get(key) ?? [];
    return new Map(
      pods.flatMap((pod): [string, string][] => {
        const words = this.#memories.get(uidOf(pod))?.words;
        return words === undefined ? [] : [[uidOf(pod), words]];
      }),
    );
  }

  /** One round over all pods. */
  async round(): Promise<void> {
    const pods = this.#deps.cluster
      .list<Pod>({ apiVersion: 'v1', kind: 'Pod', labels: { [Label.component]: Component.serving } })
      .filter(isAlive);
    this.#services = Map.groupBy(pods, keyOf);
    this.#forgetOthers(pods);
    const before = new Map([...this.#services.keys()].map((key) => [key, this.#wordsOf(key)]));
    await forEachAtOnce(pods, MAX_AT_ONCE, (pod) => this.#askOne(pod));
    for (const key of this.#services.keys()) {
      if (this.#wordsOf(key) !== before.get(key) || this.#isWorthALook(key)) this.#deps.wake(key);
    }
  }

  /** Pods that cannot be reached are asked less and less often: a network that forbids it is no reason for a storm. */
  async #askOne(pod: Pod): Promise<void> {
    const { clock } = this.#deps;
    const memory = this.#memories.get(uidOf(pod)) ?? { samples: [], words: undefined, failures: 0, askAgainAtMs: 0 };
    this.#memories.set(uidOf(pod), memory);
    if (pod.status?.podIP === undefined || clock.now() < memory.askAgainAtMs) return;
    try {
      await this.#listen(pod, memory);
      memory.failures = 0;
    } catch {
      memory.failures += 1;
      const pauseMs = this.#deps.everySeconds * 1000 * 2 ** memory.failures;
      memory.askAgainAtMs = clock.now() + Math.min(LONGEST_PAUSE_MS, pauseMs);
    }
  }

  async #listen(pod: Pod, memory: Memory): Promise<void> {
    const { ask, clock, everySeconds } = this.#deps;
    const host = hostOf(pod.status?.podIP ?? '');
    if (!isReady(pod)) {
      memory.samples = [];
      memory.words = isRunning(pod) ? await readinessWords(ask, host, pod) : undefined;
      return;
    }
    memory.words = undefined;
    const { text } = await ask(`http://${host}:${METRICS_PORT}/metrics`);
    const sample = toPodSample(text, clock.now());
    if (sample !== undefined) memory.samples = withSample(memory.samples, sample, WINDOW_MS + everySeconds * 1000);
  }

  #isWorthALook(key: string): boolean {
    const [namespace = '', name = ''] = key.split('/');
    const service = this.#deps.cluster.get<InferenceService & KubeObject>({
      apiVersion: API_VERSION,
      kind: 'InferenceService',
      namespace,
      name,
    });
    const shown = service?.status?.figures;
    return decideFigures(shown, this.figures(key), new Date(this.#deps.clock.now())) !== shown;
  }

  #wordsOf = (key: string): string => [...this.readiness(key).values()].join('\n');

  #forgetOthers(pods: readonly Pod[]): void {
    const alive = new Set(pods.map(uidOf));
    for (const uid of this.#memories.keys()) if (!alive.has(uid)) this.#memories.delete(uid);
  }
}

async function readinessWords(ask: PodClient, host: string, pod: Pod): Promise<string | undefined> {
  const model = pod.metadata.labels?.[Label.model] ?? '';
  const { status, text } = await ask(`http://${host}:${HTTP_PORT}/v2/models/${model}/ready`);
  return status === 200 ? undefined : errorOf(text).slice(0, LONGEST_WORDS);
}

/** Open Inference V2 puts the reason into `error`. */
function errorOf(text: string): string {
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    return typeof error === 'string' ? error : text;
  } catch {
    return text;
  }
}

const uidOf = ({ metadata }: Pod): string => metadata.uid ?? '';

const keyOf = ({ metadata }: Pod): string => `${metadata.namespace}/${metadata.labels?.[Label.service] ?? ''}`;

const isRunning = (pod: Pod): boolean => containerStatus(pod, 'serve')?.state?.running !== undefined;

const hostOf = (ip: string): string => (ip.includes(':') ? `[${ip}]` : ip);
