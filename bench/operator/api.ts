import { Pool } from 'undici';
import { z } from 'zod';

/** The part of any Kubernetes object that the benchmark reads. */
export interface Resource {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    uid?: string;
    generation?: number;
    ownerReferences?: { uid: string }[];
  };
  spec?: Record<string, unknown>;
  status?: Record<string, unknown>;
}

/** Where the API server is and who calls. */
export interface ApiTarget {
  url: string;
  token: string;
  ca: string;
}

/** Where a watch begins, and what ends it. */
export interface WatchStart {
  resourceVersion: string;
  signal: AbortSignal;
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

const CONNECTIONS = 50;

const discovery = z.object({ resources: z.array(z.object({ name: z.string(), kind: z.string() })) });
const list = z.object({ items: z.array(z.unknown()), metadata: z.object({ resourceVersion: z.string() }) });

/** One client of the API server: the same for the floor and for the operator's objects, so that it favours neither. */
export class ApiClient {
  readonly #pool: Pool;
  readonly #headers: Record<string, string>;
  readonly #plurals = new Map<string, string>();

  constructor({ url, token, ca }: ApiTarget) {
    // No body timeout: watches are quiet for as long as nothing happens.
    this.#pool = new Pool(url, { allowH2: false, connections: CONNECTIONS + 20, bodyTimeout: 0, connect: { ca } });
    this.#headers = { authorization: `Bearer ${token}`, accept: 'application/json', 'user-agent': 'aimass-bench' };
  }

  /** Sends a request and gives the answer's JSON; any status of 400 and above is an error. */
  async send(method: Method, path: string, body?: object): Promise<unknown> {
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const answer = await this.#pool.request({
      method,
      path,
      headers: { ...this.#headers, 'content-type': type },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 400)
      throw new Error(`${method} ${path} answered ${answer.statusCode}: ${text.slice(0, 500)}`);
    return JSON.parse(text) as unknown;
  }

  /** Watches from a version on and calls back with every event, until the server ends it or the signal is given. */
  async watch(path: string, from: WatchStart, onEvent: (type: string, object: Resource) => void): Promise<void> {
    const answer = await this.#pool.request({
      method: 'GET',
      path: `${path}?watch=1&resourceVersion=${from.resourceVersion}`,
      headers: this.#headers,
      signal: from.signal,
    });
    if (answer.statusCode !== 200) throw new Error(`watching ${path} answered ${answer.statusCode}`);
    let rest = '';
    answer.body.setEncoding('utf8');
    for await (const chunk of answer.body) {
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const { type, object } = JSON.parse(line) as { type: string; object: Resource };
        onEvent(type, object);
      }
    }
  }

  /** Path of all objects of a kind in a namespace. */
  async collection(apiVersion: string, kind: string, namespace?: string): Promise<string> {
    const base = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const key = `${apiVersion} ${kind}`;
    if (!this.#plurals.has(key)) {
      const { resources } = discovery.parse(await this.send('GET', base));
      const found = resources.find((resource) => resource.kind === kind && !resource.name.includes('/'));
      if (found === undefined) throw new Error(`the API server knows no ${kind} in ${apiVersion}`);
      this.#plurals.set(key, found.name);
    }
    const plural = this.#plurals.get(key) ?? '';
    return namespace === undefined ? `${base}/${plural}` : `${base}/namespaces/${namespace}/${plural}`;
  }

  async create(object: Resource): Promise<Resource> {
    const path = await this.collection(object.apiVersion, object.kind, object.metadata.namespace);
    return (await this.send('POST', path, object)) as Resource;
  }

  async list(path: string): Promise<{ items: Resource[]; resourceVersion: string }> {
    const { items, metadata } = list.parse(await this.send('GET', path));
    return { items: items as Resource[], resourceVersion: metadata.resourceVersion };
  }

  /** Removes an object and lets the garbage collector take its children, as kubectl does. */
  async remove(object: Resource): Promise<void> {
    const path = await this.collection(object.apiVersion, object.kind, object.metadata.namespace);
    await this.send('DELETE', `${path}/${object.metadata.name}`, { propagationPolicy: 'Background' });
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}

/** Runs a function over all items, at most as many at once as the client has connections. */
export async function forEachConcurrently<T>(
  items: readonly T[],
  run: (item: T) => Promise<unknown>,
  limit = CONNECTIONS,
): Promise<void> {
  const queue = items.values();
  const work = async () => {
    for (const item of queue) await run(item);
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, work));
}
