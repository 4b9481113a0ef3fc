import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What /private/… asks for: user ada, password lovelace. */
const LOGIN = `Basic ${Buffer.from('ada:lovelace').toString('base64')}`;

/** A running web server with a certificate of its own. */
export interface HostileServer {
  /** `https://address:port` as pods see it. */
  url: string;
  /** The certificate authority to trust, as PEM. */
  ca: string;
  /** How often each path was asked for. */
  hits: ReadonlyMap<string, number>;
  /** Puts a file up, or replaces it. */
  publish(path: string, content: Uint8Array): void;
  close(): Promise<void>;
}

/** Starts a server that serves published files well, and misbehaves on the paths of `misbehaviour`. */
export async function startHostileServer(address: string): Promise<HostileServer> {
  const folder = mkdtempSync(join(tmpdir(), 'aimass-e2e-'));
  const { key, cert } = selfSigned(folder, address);
  const files = new Map<string, Uint8Array>();
  const hits = new Map<string, number>();
  const server = createServer({ key, cert }, (request, response) => {
    const path = request.url ?? '/';
    hits.set(path, (hits.get(path) ?? 0) + 1);
    const misbehave = misbehaviour[path];
    if (misbehave !== undefined) return misbehave(response, files);
    if (path.startsWith('/private/') && request.headers.authorization !== LOGIN)
      return void response.writeHead(401).end('who are you?');
    return serveFile(request, response, files.get(path.replace('/private', '')));
  });
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  return {
    url: `https://${address}:${(server.address() as AddressInfo).port}`,
    ca: cert,
    hits,
    publish: (path, content) => void files.set(path, content),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function selfSigned(folder: string, address: string) {
  const file = (name: string) => join(folder, name);
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=aimass-e2e',
      '-addext',
      `subjectAltName=IP:${address}`,
    ].concat(['-keyout', file('key.pem'), '-out', file('cert.pem')]),
    { stdio: 'ignore' },
  );
  return { key: readFileSync(file('key.pem'), 'utf8'), cert: readFileSync(file('cert.pem'), 'utf8') };
}

/** Serves a file whole or, asked for a range, from there on: what a resuming client relies on. */
function serveFile(request: IncomingMessage, response: ServerResponse, content: Uint8Array | undefined): void {
  if (content === undefined) return void response.writeHead(404).end('no such file');
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const headers = { 'content-length': content.length - from, etag: '"1"', 'accept-ranges': 'bytes' };
  const range = { ...headers, 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` };
  response.writeHead(from > 0 ? 206 : 200, from > 0 ? range : headers).end(content.subarray(from));
}

type Misbehaviour = (response: ServerResponse, files: ReadonlyMap<string, Uint8Array>) => void;

const misbehaviour: Readonly<Record<string, Misbehaviour>> = {
  '/forbidden.onnx': (response) => void response.writeHead(403).end('no'),
  '/loop.onnx': (response) => void response.writeHead(302, { location: '/loop.onnx' }).end(),
  '/hang.onnx': (response) => void response.writeHead(200, { 'content-length': 1000 }).write('x'),
  '/empty.onnx': (response) => void response.writeHead(200, { 'content-length': 0 }).end(),
  '/page.onnx': (response) =>
    void response
      .writeHead(200, { 'content-type': 'text/html' })
      .end('<!doctype html><html><body>Please log in</body></html>'),
  '/truncated.onnx': (response, files) => {
    const whole = files.get('/model.onnx') ?? new Uint8Array(1000);
    response
      .writeHead(200, { 'content-length': Math.floor(whole.length / 2) })
      .end(whole.subarray(0, Math.floor(whole.length / 2)));
  },
  '/endless.onnx': (response) => {
    const chunk = Buffer.alloc(64 * 1024);
    let left = 2048; // at most 128 MiB, should the reader not stop
    const more = (): void => {
      while (left-- > 0) if (!response.write(chunk)) return void response.once('drain', more);
      response.end();
    };
    response.writeHead(200);
    more();
  },
};
