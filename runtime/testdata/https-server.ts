import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import { makeCertificate } from './certificate.ts';

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
  const { keyFile, caFile } = makeCertificate(directory);
  const server = https.createServer({ key: readFileSync(keyFile), cert: readFileSync(caFile) }, listener);
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
