import { createHash } from 'node:crypto';
import { sleep, type Clock } from '../loop/clock.ts';
import { microTime } from '../loop/micro-time.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Api } from './api.ts';
import type { EventNote, KubeObject } from './cluster.ts';
import { resourcePath } from './watched-kind.ts';

const REPEAT_MS = 10 * 60_000;
const REMEMBERED = 10_000;
/** So many as fast as they go, one after the other; then so many a second: events never crowd out other writes. */
const BURST = 100;
const PER_SECOND = 50;
/** More than this wait only in a cluster that is in deep trouble. */
const LONGEST_LINE = 5_000;
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

/** An event that waits to be written. */
interface Waiting {
  path: string;
  body: { regarding: { kind: string; name: string }; reason: string };
}

/** Writes Kubernetes events behind the back of who emits them: never the same one twice within ten minutes; never throws. */
export class EventRecorder {
  readonly #deps: EventDeps;
  readonly #written = new Map<string, number>();
  readonly #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  #tokens = BURST;
  #refilledAt: number;

  constructor(deps: EventDeps) {
    this.#deps = deps;
    this.#refilledAt = deps.clock.monotonic();
  }

  /** Puts the event in the line. */
  emit(regarding: KubeObject, event: EventNote): void {
    const { metrics, clock } = this.#deps;
    const key = keyOf(regarding, event);
    if (this.#isRepeated(key)) return metrics.events.inc({ outcome: 'repeated' });
    if (this.#waiting.length >= LONGEST_LINE) return metrics.events.inc({ outcome: 'dropped' });
    this.#written.set(key, clock.monotonic());
    this.#waiting.push(this.#waitingOf(regarding, event, key));
    this.#writing ??= this.#writeAll();
  }

  /** Resolves when no event waits any more. */
  async drained(): Promise<void> {
    await this.#writing;
  }

  async #writeAll(): Promise<void> {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      await this.#pace();
      await this.#write(next);
    }
    this.#writing = undefined;
  }

  async #write({ path, body }: Waiting): Promise<void> {
    const { api, log, metrics } = this.#deps;
    try {
      await api.request({ verb: 'create', resource: 'events', method: 'POST', path, body });
      metrics.events.inc({ outcome: 'written' });
    } catch (err) {
      metrics.events.inc({ outcome: 'failed' });
      const { regarding, reason } = body;
      log.warn({ err, kind: regarding.kind, name: regarding.name, reason }, 'event not written');
    }
  }

  #waitingOf(regarding: KubeObject, event: EventNote, key: string): Waiting {
    const { clock, instance } = this.#deps;
    const { apiVersion, kind } = regarding;
    const { name, uid, resourceVersion } = regarding.metadata;
    const namespace = regarding.metadata.namespace ?? 'default';
    return {
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
      } as Waiting['body'],
    };
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

  async #pace(): Promise<void> {
    const { clock } = this.#deps;
    const now = clock.monotonic();
    this.#tokens = Math.min(BURST, this.#tokens + ((now - this.#refilledAt) / 1000) * PER_SECOND) - 1;
    this.#refilledAt = now;
    if (this.#tokens < 0) await sleep(clock, (-this.#tokens * 1000) / PER_SECOND);
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
