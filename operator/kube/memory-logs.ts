import { ApiError } from './api-errors.ts';
import type { LogQuery } from './cluster.ts';

interface Printed {
  atMs: number;
  text: string;
}

/** What containers of pods in memory have printed. */
export class MemoryLogs {
  readonly #lines = new Map<string, Printed[]>();
  #failure: Error | undefined;
  /** Every read, in order. */
  readonly reads: LogQuery[] = [];

  /** Prints lines, as the program in a container would. */
  print(pod: { namespace: string; name: string }, atMs: number, lines: readonly string[]): void {
    const key = `${pod.namespace}/${pod.name}`;
    this.#lines.set(key, [...(this.#lines.get(key) ?? []), ...lines.map((text) => ({ atMs, text }))]);
  }

  /** Makes all reads fail until it is called with nothing. */
  failWith(error?: Error): void {
    this.#failure = error;
  }

  /** As the kubelet does it: since a whole second, then the last lines of these, then as many bytes as are wanted. */
  read(query: LogQuery): string {
    this.reads.push(query);
    if (this.#failure !== undefined) throw this.#failure;
    const lines = this.#lines.get(`${query.namespace}/${query.name}`);
    if (lines === undefined) {
      throw new ApiError({ code: 404, reason: 'NotFound', message: `pods "${query.name}" not found` });
    }
    const sinceMs = query.sinceTime === undefined ? -Infinity : Math.floor(Date.parse(query.sinceTime) / 1000) * 1000;
    const text = lines
      .filter(({ atMs }) => atMs >= sinceMs)
      .slice(-query.tailLines)
      .map(({ atMs, text: line }) => `${new Date(atMs).toISOString()} ${line}\n`)
      .join('');
    return text.slice(0, query.limitBytes);
  }
}
