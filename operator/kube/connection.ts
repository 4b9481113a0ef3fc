import { KubeConfig } from '@kubernetes/client-node';
import type { RequestOptions } from 'node:https';
import { Agent, ProxyAgent, type Dispatcher } from 'undici';
import { systemClock, type Clock } from '../loop/clock.ts';

/** What a request needs to be let in: headers, and a dispatcher that trusts the right CA. */
interface Credentials {
  headers: Readonly<Record<string, string>>;
  dispatcher: Dispatcher;
}

/** The way to one API server. */
export interface Connection {
  /** Such as `https://10.0.0.1:6443`, without a slash at the end. */
  server: string;
  /** Reads tokens and certificates again from time to time: bound tokens last an hour. Throws what should be retried. */
  credentials: () => Promise<Credentials>;
  /** Forgets what is remembered of the credentials, because they were refused. */
  invalidate: () => void;
  close: () => Promise<void>;
}

const REMEMBER_MS = 30_000;
const CREDENTIAL_TIMEOUT_MS = 30_000;
const CONNECT_TIMEOUT_MS = 10_000;
/** Longer than work pauses, and less than the 90 s after which the API server hangs up: a TLS handshake costs more than a request. */
const IDLE_CONNECTION_MS = 60_000;

/** Loads a kubeconfig: the file when one is named, else as kubectl does, with the pod's service account as the last resort. */
export function loadKubeConfig(path?: string): KubeConfig {
  const config = new KubeConfig();
  if (path === undefined) config.loadFromDefault();
  else config.loadFromFile(path);
  return config;
}

/** Connects to the current context of a kubeconfig. */
export function createConnection(config: KubeConfig, clock: Clock = systemClock): Connection {
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new Error(`the kubeconfig has no cluster for context "${config.getCurrentContext()}"`);
  const remembered = rememberCredentials(config, clock);
  return { server: cluster.server.replace(/\/+$/, ''), ...remembered };
}

type Tls = Partial<Record<'ca' | 'cert' | 'key', string>> & { rejectUnauthorized?: boolean; servername?: string };

interface Material {
  headers: Record<string, string>;
  tls: Tls;
}

function rememberCredentials(config: KubeConfig, clock: Clock): Omit<Connection, 'server'> {
  let dispatcher: Dispatcher | undefined;
  let fingerprint = '';
  let current: { until: number; promise: Promise<Credentials> } | undefined;

  const load = async (): Promise<Credentials> => {
    const material = await withinTime(readMaterial(config), clock);
    const next = JSON.stringify(material.tls);
    if (dispatcher === undefined || next !== fingerprint) {
      // The old dispatcher finishes what runs on it; a long watch moves over at its next reconnect.
      void dispatcher?.close().catch(() => undefined);
      dispatcher = createDispatcher(config, material.tls);
      fingerprint = next;
    }
    return { headers: material.headers, dispatcher };
  };

  const credentials = (): Promise<Credentials> => {
    if (current !== undefined && clock.monotonic() < current.until) return current.promise;
    const promise = load();
    const entry = { until: clock.monotonic() + REMEMBER_MS, promise };
    current = entry;
    // The caller gets the error; here it only must not be remembered.
    promise.catch(() => {
      if (current === entry) current = undefined;
    });
    return promise;
  };

  return { credentials, invalidate: () => void (current = undefined), close: async () => dispatcher?.destroy() };
}

async function readMaterial(config: KubeConfig): Promise<Material> {
  const options: RequestOptions & { servername?: string } = { headers: {} };
  await config.applyToHTTPSOptions(options);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.headers ?? {})) headers[name.toLowerCase()] = String(value);
  if (typeof options.auth === 'string') headers.authorization = `Basic ${Buffer.from(options.auth).toString('base64')}`;
  const tls: Tls = {};
  for (const part of ['ca', 'cert', 'key'] as const) {
    const value = options[part];
    if (typeof value === 'string' || Buffer.isBuffer(value)) tls[part] = value.toString();
  }
  if (options.rejectUnauthorized !== undefined) tls.rejectUnauthorized = options.rejectUnauthorized;
  if (options.servername !== undefined) tls.servername = options.servername;
  return { headers, tls };
}

/** A credential plugin that hangs must not hang the operator. */
function withinTime<T>(work: Promise<T>, clock: Clock): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(CREDENTIAL_TIMEOUT_MS, () => reject(new Error('reading credentials took too long')));
    work.then(resolve, reject).finally(() => timer.cancel());
  });
}

function createDispatcher(config: KubeConfig, tls: Tls): Dispatcher {
  // HTTP/1.1: one connection a watch, so that a dead connection takes one watch with it and not all.
  const common = {
    allowH2: false,
    pipelining: 1,
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: IDLE_CONNECTION_MS,
  };
  const proxy = config.getCurrentCluster()?.proxyUrl;
  if (proxy === undefined || proxy === '') {
    return new Agent({
      ...common,
      connect: { ...tls, timeout: CONNECT_TIMEOUT_MS, keepAlive: true, keepAliveInitialDelay: 30_000 },
    });
  }
  if (proxy.startsWith('socks'))
    throw new Error(`the kubeconfig asks for the proxy ${proxy}; only HTTP proxies are supported`);
  return new ProxyAgent({ ...common, uri: proxy, requestTls: { ...tls, timeout: CONNECT_TIMEOUT_MS } });
}
