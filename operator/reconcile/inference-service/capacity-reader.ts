import type { Pod } from '../../build/inference-service/children.ts';
import type { Capacity, Node } from '../../decide/capacity.ts';
import { isForbidden } from '../../kube/api-errors.ts';
import type { Cluster } from '../../kube/cluster.ts';
import { NODE, POD } from './deps.ts';

const KEEP_MS = 30_000;
const OCCUPYING = 'spec.nodeName!=,status.phase!=Succeeded,status.phase!=Failed';

/**
 * Reads nodes and all pods when somebody asks who holds the accelerators. One reading is shared by all services for a
 * while: a cluster that is full has many that ask at once.
 */
export class CapacityReader {
  readonly #cluster: Cluster;
  readonly #now: () => Date;
  #reading: { startedMs: number; capacity: Promise<Capacity | undefined> } | undefined;

  constructor(cluster: Cluster, now: () => Date) {
    this.#cluster = cluster;
    this.#now = now;
  }

  /** Nodes and their load; undefined when the operator may not see them. */
  async read(): Promise<Capacity | undefined> {
    const nowMs = this.#now().getTime();
    if (this.#reading === undefined || nowMs - this.#reading.startedMs >= KEEP_MS) {
      this.#reading = { startedMs: nowMs, capacity: this.#readNow() };
    }
    const { capacity } = this.#reading;
    try {
      return await capacity;
    } catch (error) {
      if (this.#reading.capacity === capacity) this.#reading = undefined;
      throw error;
    }
  }

  async #readNow(): Promise<Capacity | undefined> {
    try {
      const nodes = await this.#cluster.readAll<Node>(NODE);
      const pods = await this.#cluster.readAll<Pod>({ ...POD, fieldSelector: OCCUPYING });
      return { nodes, pods };
    } catch (error) {
      // An operator of a few namespaces may not look at the others; the scheduler's own words have to do.
      if (isForbidden(error)) return undefined;
      throw error;
    }
  }
}
