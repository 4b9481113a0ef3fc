import { createServer, type IncomingMessage, type RequestOptions, type ServerResponse } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';

/**
 * What goes wrong with one request. `reset` before the answer; `hang`: no answer ever; `answer`: this status instead;
 * `loseAnswer`: the API server does it, and the connection breaks before the answer.
 */
export type RequestFault =
  { type: 'reset' | 'hang' | 'loseAnswer' } | { type: 'answer'; code: number; retryAfterSeconds?: number };

/** What happens to a stream that runs: broken, ended, silent for ever, or with these bytes as its last. */
export type StreamFault = { type: 'reset' | 'end' | 'freeze' } | { type: 'lastBytes'; bytes: string };

/** A request as the proxy saw it. */
interface SeenRequest {
  method: string;
  url: string;
  userAgent: string | undefined;
}

/** A plain HTTP proxy in front of an API server, which can be told to misbehave. */
export interface FaultProxy {
  url: string;
  seen: SeenRequest[];
  /** Decides for each request whether it goes wrong; the proxy behaves when it gives undefined. */
  decide: (request: SeenRequest) => RequestFault | undefined;
  /** Does something to all watches that run; gives how many they were. */
  breakStreams: (fault: StreamFault) => number;
  stop: () => Promise<void>;
}

/** Starts the proxy in front of `target`. */
export async function startFaultProxy(target: { url: string; caCertificate: string }): Promise<FaultProxy> {
  const streams = new Set<Stream>();
  const server = createServer((incoming, outgoing) => {
    const seen = { method: incoming.method ?? '', url: incoming.url ?? '', userAgent: incoming.headers['user-agent'] };
    proxy.seen.push(seen);
    const fault = proxy.decide(seen);
    if (fault === undefined || fault.type === 'loseAnswer') forward({ incoming, outgoing, fault, target, streams });
    else misbehave(fault, outgoing);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const proxy: FaultProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen: [],
    decide: () => undefined,
    breakStreams: (fault) => {
      const count = streams.size;
      for (const stream of streams) breakStream(stream, fault);
      return count;
    },
    stop: () =>
      new Promise((resolve) => {
        for (const stream of streams) stream.upstream.destroy();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return proxy;
}

interface Stream {
  upstream: IncomingMessage;
  outgoing: ServerResponse;
}

interface Exchange {
  incoming: IncomingMessage;
  outgoing: ServerResponse;
  fault: RequestFault | undefined;
  target: { url: string; caCertificate: string };
  streams: Set<Stream>;
}

function forward({ incoming, outgoing, fault, target, streams }: Exchange): void {
  const { host: _host, connection: _connection, ...headers } = incoming.headers;
  const options: RequestOptions & { ca: string } = {
    method: incoming.method ?? 'GET',
    headers,
    ca: target.caCertificate,
  };
  const upstream = request(target.url + (incoming.url ?? ''), options, (answer) => {
    if (fault?.type === 'loseAnswer') {
      answer.resume().once('end', () => outgoing.destroy());
      return;
    }
    const stream = { upstream: answer, outgoing };
    if (incoming.url?.includes('watch=true') === true) streams.add(stream);
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    outgoing.flushHeaders();
    answer.on('data', (chunk: Buffer) => outgoing.write(chunk));
    answer.once('end', () => outgoing.end());
    answer.once('error', () => outgoing.destroy());
    outgoing.once('close', () => {
      streams.delete(stream);
      answer.destroy();
    });
  });
  upstream.once('error', () => outgoing.destroy());
  incoming.pipe(upstream);
}

function misbehave(fault: Exclude<RequestFault, { type: 'loseAnswer' }>, outgoing: ServerResponse): void {
  if (fault.type === 'reset') outgoing.socket?.resetAndDestroy();
  if (fault.type !== 'answer') return;
  const { code, retryAfterSeconds } = fault;
  if (retryAfterSeconds !== undefined) outgoing.setHeader('retry-after', String(retryAfterSeconds));
  outgoing.writeHead(code, { 'content-type': 'application/json' });
  outgoing.end(JSON.stringify({ kind: 'Status', code, reason: 'Injected', message: `injected ${code}` }));
}

function breakStream({ upstream, outgoing }: Stream, fault: StreamFault): void {
  upstream.removeAllListeners('data').pause();
  if (fault.type === 'reset') outgoing.socket?.resetAndDestroy();
  else if (fault.type === 'end') outgoing.end();
  else if (fault.type === 'lastBytes') outgoing.end(fault.bytes);
}
