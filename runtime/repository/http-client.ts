import { readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { getCACertificates } from 'node:tls';
import { Agent, buildConnector, request } from 'undici';
import { ModelFailure } from '../model-failure.ts';
import type { AddressPolicy } from './address-policy.ts';
import { describeNetworkFailure } from './network-failure.ts';

const MAX_REDIRECTS = 5;

/** How an HTTP client behaves; times are in milliseconds. */
export interface HttpClientOptions {
  /** Which addresses may be spoken to, at the start and after every redirect. */
  addresses: AddressPolicy;
  caFile?: string | undefined;
  connectTimeoutMs?: number | undefined;
  /** How long a server may be silent, before its answer and within it. */
  idleTimeoutMs?: number | undefined;
  /** Ends everything: the limit on the whole job. */
  signal?: AbortSignal | undefined;
}

/** One request; `redirects` says how many may be followed (none by default). */
export interface HttpRequest {
  method?: 'GET' | 'HEAD' | 'POST' | 'PUT';
  headers?: Record<string, string>;
  /** A function opens a stream for each time that it is sent. */
  body?: Buffer | (() => Readable);
  follow?: boolean;
  /** Plain http is refused, at the start and after a redirect, unless this is set. */
  allowPlainHttp?: boolean;
}

/** An answer whose body has not been read yet. */
export interface HttpReply {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Readable & { text(): Promise<string>; dump(): Promise<void> };
  url: URL;
}

/** The one value of a header, or undefined. */
export const headerOf = (reply: HttpReply, name: string): string | undefined => {
  const value = reply.headers[name];
  return Array.isArray(value) ? value[0] : value;
};

const isRedirect = (status: number) => [301, 302, 303, 307, 308].includes(status);

/** Header names that carry secrets and stay with the origin they were meant for. */
const withoutSecrets = (headers: Record<string, string>) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !/^(authorization|cookie)$/i.test(name)));

/** HTTP as model sources need it: bounded in time, only to allowed addresses, https unless told otherwise. */
export class HttpClient {
  readonly #agent: Agent;
  readonly #addresses: AddressPolicy;
  readonly #signal: AbortSignal | undefined;

  constructor({ addresses, caFile, connectTimeoutMs = 10_000, idleTimeoutMs = 30_000, signal }: HttpClientOptions) {
    const ca = caFile === undefined ? undefined : [...getCACertificates('default'), readFileSync(caFile, 'utf8')];
    this.#addresses = addresses;
    this.#signal = signal;
    this.#agent = new Agent({
      connect: guardedConnector(addresses, { timeout: connectTimeoutMs, ...(ca && { ca }) }),
      headersTimeout: idleTimeoutMs,
      bodyTimeout: idleTimeoutMs,
    });
  }

  /** Sends a request and gives the answer's head; redirects are followed only when asked. */
  async send(url: URL, options: HttpRequest = {}): Promise<HttpReply> {
    let target = url;
    let headers = options.headers ?? {};
    for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
      const reply = await this.#sendOnce(target, { ...options, headers });
      const location = headerOf(reply, 'location');
      if (options.follow !== true || !isRedirect(reply.status) || location === undefined) return reply;
      await reply.body.dump();
      const next = parseLocation(location, target);
      if (next.origin !== target.origin) headers = withoutSecrets(headers);
      target = next;
    }
    throw new ModelFailure(
      'SourceRedirectLoop',
      `${url.origin}${url.pathname} redirects more than ${MAX_REDIRECTS} times. Give the address that it ends at.`,
    );
  }

  async #sendOnce(url: URL, { method = 'GET', headers = {}, body, allowPlainHttp }: HttpRequest): Promise<HttpReply> {
    if (url.protocol !== 'https:' && !(url.protocol === 'http:' && allowPlainHttp === true)) {
      throw new ModelFailure('SourceRefused', `${url.origin} is not https. Models are read over https only.`);
    }
    this.#addresses.assertAllowedUrl(url);
    try {
      const reply = await request(url, {
        dispatcher: this.#agent,
        method,
        headers: { 'user-agent': 'aimass', 'accept-encoding': 'identity', ...headers },
        ...(body !== undefined && { body: typeof body === 'function' ? body() : body }),
        ...(this.#signal && { signal: this.#signal }),
      });
      return { status: reply.statusCode, headers: reply.headers, body: reply.body, url };
    } catch (error) {
      throw describeNetworkFailure(error, url.host);
    }
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}

/** Opens connections only to addresses that may be spoken to. What is allowed depends on the port, which a lookup does not see. */
function guardedConnector(addresses: AddressPolicy, options: buildConnector.BuildOptions): buildConnector.connector {
  const byPort = new Map<string, buildConnector.connector>();
  return (target, callback) => {
    const port = target.port || (target.protocol === 'https:' ? '443' : '80');
    const connector = byPort.get(port) ?? buildConnector({ ...options, lookup: addresses.lookupFor(port) });
    byPort.set(port, connector);
    connector(target, callback);
  };
}

function parseLocation(location: string, base: URL): URL {
  const next = URL.parse(location, base.href);
  if (next === null)
    throw new ModelFailure('SourceRefused', `${base.host} redirects to an address that cannot be read.`);
  return next;
}
