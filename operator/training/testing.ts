import type { KubeObject } from '../kube/cluster.ts';
import { MemoryCluster } from '../kube/memory-cluster.ts';
import { FakeClock } from '../loop/testing/fake-clock.ts';
import { TrainingWatcher } from './training-watcher.ts';

/** A training pod for tests. Seconds count from the start of the clock. */
export interface TestPod {
  name: string;
  job?: string;
  run?: number;
  attempt?: number;
  trial?: number;
  index?: number;
  startedAt?: number;
  endedAt?: number;
  exitCode?: number;
  gpus?: number;
  parameters?: object;
}

const POD = { apiVersion: 'v1', kind: 'Pod', namespace: 'team' };

/** A watcher in a cluster in memory, with one TrainingJob named digits. */
export class Scene {
  readonly clock = new FakeClock();
  readonly startMs = this.clock.now();
  readonly cluster = new MemoryCluster({ now: this.clock.now });
  readonly woken: string[] = [];
  watcher = this.restart();

  /** Another process begins with what the cluster says. */
  restart(): TrainingWatcher {
    const { cluster, clock } = this;
    this.watcher = new TrainingWatcher({ cluster, clock, everySeconds: 5, wake: (key) => void this.woken.push(key) });
    return this.watcher;
  }

  createJob(spec: object = {}, status: object = { phase: 'Training', run: { number: 1 } }): void {
    const ref = { apiVersion: 'aimass.dev/v1alpha1', kind: 'TrainingJob' };
    this.cluster.server.create({ ...ref, metadata: { name: 'digits', namespace: 'team' }, spec } as KubeObject);
    this.setStatus(status);
  }

  setStatus(status: object): void {
    const ref = { apiVersion: 'aimass.dev/v1alpha1', kind: 'TrainingJob', namespace: 'team', name: 'digits' };
    this.cluster.server.setStatus(ref, status);
  }

  createPod(pod: TestPod): void {
    const { name, job = 'digits-r1-train-1', run = 1, attempt = 1, trial, index = 0, gpus = 0, parameters } = pod;
    const labels = {
      'app.kubernetes.io/managed-by': 'aimass-operator',
      'app.kubernetes.io/component': 'training',
      'aimass.dev/training-job': 'digits',
      'aimass.dev/run': String(run),
      'aimass.dev/stage': 'train',
      'aimass.dev/attempt': String(attempt),
      'batch.kubernetes.io/job-name': job,
      'batch.kubernetes.io/job-completion-index': String(index),
      ...(trial === undefined ? {} : { 'aimass.dev/trial': String(trial) }),
    };
    const limits = gpus === 0 ? { memory: '1Gi' } : { memory: '1Gi', 'nvidia.com/gpu': String(gpus) };
    const annotations = { 'aimass.dev/parameters': JSON.stringify(parameters ?? {}) };
    this.cluster.server.create({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'team', labels, annotations },
      spec: { containers: [{ name: 'train', resources: { limits } }] },
    } as KubeObject);
    this.setPod(pod);
  }

  setPod({ name, startedAt = 0, endedAt, exitCode = 0 }: TestPod): void {
    const [started, ended] = [this.time(startedAt), endedAt === undefined ? undefined : this.time(endedAt)];
    const over = { terminated: { exitCode, startedAt: started, finishedAt: ended } };
    const state = ended === undefined ? { running: { startedAt: started } } : over;
    const endPhase = exitCode === 0 ? 'Succeeded' : 'Failed';
    const phase = ended === undefined ? 'Running' : endPhase;
    this.cluster.server.setStatus(
      { ...POD, name },
      { phase, startTime: started, containerStatuses: [{ name: 'train', state }] },
    );
  }

  deletePod(name: string): void {
    this.cluster.server.delete({ ...POD, name });
  }

  /** A pod prints lines now. */
  print(name: string, ...lines: string[]): void {
    this.cluster.logs.print({ namespace: 'team', name }, this.clock.now(), lines);
  }

  /** The metrics API measures a pod now. */
  measure(name: string, cpu: string, memory = '100Mi'): void {
    const ref = { apiVersion: 'metrics.k8s.io/v1beta1', kind: 'PodMetrics', namespace: 'team', name };
    const labels = { 'app.kubernetes.io/managed-by': 'aimass-operator', 'app.kubernetes.io/component': 'training' };
    if (this.cluster.server.get(ref) !== undefined) this.cluster.server.delete(ref);
    this.cluster.server.create({
      apiVersion: ref.apiVersion,
      kind: ref.kind,
      metadata: { name, namespace: 'team', labels },
      timestamp: new Date(this.clock.now()).toISOString(),
      window: '15s',
      containers: [{ name: 'train', usage: { cpu, memory } }],
    } as KubeObject);
  }

  time(second: number): string {
    return `${new Date(this.startMs + second * 1000).toISOString().slice(0, 19)}Z`;
  }

  /** Lets time pass, with a round every five seconds. */
  async pass(seconds: number, eachRound: (second: number) => void = () => undefined): Promise<void> {
    for (let passed = 0; passed < seconds; passed += 5) {
      await this.clock.advance(5000);
      eachRound((this.clock.now() - this.startMs) / 1000);
      await this.watcher.round();
    }
  }

  /** How often the log of each pod was read. */
  reads(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { name } of this.cluster.logs.reads) counts[name] = (counts[name] ?? 0) + 1;
    return counts;
  }
}
