import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';

/** An HTTPS server on a free port of 127.0.0.1, with a certificate of its own authority. */
export interface TestServer {
  origin: string;
  /** File with the authority's certificate. */
  caFile: string;
  stop(): Promise<void>;
}

/** Starts the server; the certificate is made by openssl, for 127.0.0.1 only. */
export async function startHttpsServer(listener: RequestListener): Promise<TestServer> {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'aimass-https-'));
  const key = path.join(directory, 'key.pem');
  const caFile = path.join(directory, 'ca.crt');
  const arguments_ = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=aimass-test -addext subjectAltName=IP:127.0.0.1 -keyout ${key} -out ${caFile}`;
  execFileSync('openssl', arguments_.split(' '), { stdio: 'ignore' });
  const server = https.createServer({ key: readFileSync(key), cert: readFileSync(caFile) }, listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    origin: `https://127.0.0.1:${address.port}`,
    caFile,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
