import { createHash } from 'node:crypto';
import type { Clock } from '../loop/clock.ts';
import { microTime } from '../loop/micro-time.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Api } from './api.ts';
import type { EventNote, KubeObject } from './cluster.ts';
import { resourcePath } from './watched-kind.ts';

const REPEAT_MS = 10 * 60_000;
const REMEMBERED = 10_000;
/** So many at once, and so many a second for ever: a cluster in trouble must not be flooded. */
const BURST = 100;
const PER_SECOND = 10;
/** The API server's own limits. */
const MAX_NOTE = 1_024;

/** What the recorder needs; `instance` tells replicas apart. */
export interface EventDeps {
  api: Api;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
  instance: string;
}

/** Writes Kubernetes events: never the same one twice within ten minutes, never too many, and never throws. */
export class EventRecorder {
  readonly #deps: EventDeps;
  readonly #written = new Map<string, number>();
  #tokens = BURST;
  #refilledAt: number;

  constructor(deps: EventDeps) {
    this.#deps = deps;
    this.#refilledAt = deps.clock.monotonic();
  }

  async emit(regarding: KubeObject, event: EventNote): Promise<void> {
    const { metrics, log, clock } = this.#deps;
    const key = keyOf(regarding, event);
    if (this.#isRepeated(key)) return metrics.events.inc({ outcome: 'repeated' });
    if (!this.#takeToken()) return metrics.events.inc({ outcome: 'dropped' });
    this.#written.set(key, clock.monotonic());
    try {
      await this.#write(regarding, event, key);
      metrics.events.inc({ outcome: 'written' });
    } catch (err) {
      metrics.events.inc({ outcome: 'failed' });
      log.warn({ err, kind: regarding.kind, name: regarding.metadata.name, reason: event.reason }, 'event not written');
    }
  }

  async #write(regarding: KubeObject, event: EventNote, key: string): Promise<void> {
    const { api, clock, instance } = this.#deps;
    const { apiVersion, kind } = regarding;
    const { name, uid, resourceVersion } = regarding.metadata;
    const namespace = regarding.metadata.namespace ?? 'default';
    await api.request({
      verb: 'create',
      resource: 'events',
      method: 'POST',
      path: resourcePath({ apiVersion: 'events.k8s.io/v1', plural: 'events' }, { namespace }),
      body: {
        apiVersion: 'events.k8s.io/v1',
        kind: 'Event',
        metadata: { name: `${name.slice(0, 220)}.${key.slice(0, 8)}${clock.now().toString(16)}`, namespace },
        eventTime: microTime(clock.now()),
        reportingController: 'aimass.dev/operator',
        reportingInstance: instance.slice(0, 128),
        type: event.type,
        reason: event.reason.slice(0, 128),
        action: event.action.slice(0, 128),
        note: truncate(event.note),
        regarding: { apiVersion, kind, name, namespace: regarding.metadata.namespace, uid, resourceVersion },
      },
    });
  }

  #isRepeated(key: string): boolean {
    const now = this.#deps.clock.monotonic();
    // Insertion order is time order, so the old ones are in front.
    for (const [old, at] of this.#written) {
      if (now - at < REPEAT_MS && this.#written.size <= REMEMBERED) break;
      this.#written.delete(old);
    }
    return this.#written.has(key);
  }

  #takeToken(): boolean {
    const now = this.#deps.clock.monotonic();
    this.#tokens = Math.min(BURST, this.#tokens + ((now - this.#refilledAt) / 1000) * PER_SECOND);
    this.#refilledAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}

const keyOf = ({ kind, metadata }: KubeObject, { type, reason, note }: EventNote): string =>
  createHash('sha256')
    .update(JSON.stringify([kind, metadata.uid, metadata.namespace, metadata.name, type, reason, note]))
    .digest('hex');

/** Cut by bytes, not inside a character. */
function truncate(note: string): string {
  if (Buffer.byteLength(note) <= MAX_NOTE) return note;
  const cut = Buffer.from(note)
    .subarray(0, MAX_NOTE - 3)
    .toString()
    .replace(/\uFFFD+$/, '');
  return `${cut}…`;
}
