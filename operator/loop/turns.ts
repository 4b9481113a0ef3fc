/** Keys (`namespace/name`) in a fair order: namespaces take turns, and inside one who came first goes first. */
export class Turns {
  /** Since when each key waits, by namespace; the order of the map is the order of turns. */
  readonly #namespaces = new Map<string, Map<string, number>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(key: string): boolean {
    return this.#namespaces.get(namespaceOf(key))?.has(key) === true;
  }

  /** Puts a key at the end; one that waits keeps its place. */
  add(key: string, since: number): void {
    if (this.has(key)) return;
    const namespace = namespaceOf(key);
    const keys = this.#namespaces.get(namespace) ?? new Map<string, number>();
    this.#namespaces.set(namespace, keys.set(key, since));
    this.#size += 1;
  }

  /** Takes a key out wherever it stands; gives since when it waited. */
  remove(key: string): number | undefined {
    const namespace = namespaceOf(key);
    const keys = this.#namespaces.get(namespace);
    const since = keys?.get(key);
    if (keys === undefined || since === undefined) return undefined;
    keys.delete(key);
    if (keys.size === 0) this.#namespaces.delete(namespace);
    this.#size -= 1;
    return since;
  }

  /** Takes out whose turn it is; its namespace goes to the end of the line. */
  next(): { key: string; since: number } | undefined {
    const [turn] = this.#namespaces;
    if (turn === undefined) return undefined;
    const [namespace, keys] = turn;
    const [first] = keys;
    if (first === undefined) return undefined;
    const [key, since] = first;
    this.remove(key);
    if (keys.size > 0) {
      this.#namespaces.delete(namespace);
      this.#namespaces.set(namespace, keys);
    }
    return { key, since };
  }

  clear(): void {
    this.#namespaces.clear();
    this.#size = 0;
  }
}

const namespaceOf = (key: string): string => key.slice(0, Math.max(0, key.indexOf('/')));
