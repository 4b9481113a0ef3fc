import { Component, Label, managedSelector } from '../build/labels.ts';
import { isForbidden, isNotFound } from '../kube/api-errors.ts';
import type { Cluster } from '../kube/cluster.ts';
import type { Clock } from '../loop/clock.ts';
import { toSample, type PodMetrics, type UsageSample } from './usage.ts';

const EVERY_MS = 15_000;
const ABSENT_MS = 300_000;
const FAILED_MS = 60_000;
const LABELS = { ...managedSelector, [Label.component]: Component.training };

/** Reads what pods use from the metrics API, for all pods of a namespace in one request. */
export class UsageReader {
  readonly #cluster: Cluster;
  readonly #clock: Clock;
  #dueAtMs = -Infinity;

  constructor(cluster: Cluster, clock: Clock) {
    this.#cluster = cluster;
    this.#clock = clock;
  }

  /** Measurements by `namespace/pod`; empty when it is not time, or nobody measures. */
  async read(namespaces: ReadonlySet<string>): Promise<ReadonlyMap<string, UsageSample>> {
    const samples = new Map<string, UsageSample>();
    if (namespaces.size === 0 || this.#clock.monotonic() < this.#dueAtMs) return samples;
    this.#dueAtMs = this.#clock.monotonic() + EVERY_MS;
    for (const namespace of namespaces) {
      const isAnswered = await this.#readInto(samples, namespace);
      if (!isAnswered) break;
    }
    return samples;
  }

  /** Not every cluster has a metrics server; one that comes later is found, and one that fails is left alone for a while. */
  async #readInto(samples: Map<string, UsageSample>, namespace: string): Promise<boolean> {
    try {
      const query = { apiVersion: 'metrics.k8s.io/v1beta1', kind: 'PodMetrics', namespace, labels: LABELS };
      for (const measured of await this.#cluster.readAll<PodMetrics>(query)) {
        const sample = toSample(measured);
        if (sample !== undefined) samples.set(`${namespace}/${measured.metadata.name}`, sample);
      }
      return true;
    } catch (error) {
      const pauseMs = isNotFound(error) || isForbidden(error) ? ABSENT_MS : FAILED_MS;
      this.#dueAtMs = this.#clock.monotonic() + pauseMs;
      return false;
    }
  }
}
