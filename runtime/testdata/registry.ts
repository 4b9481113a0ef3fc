import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';

/** A real OCI registry (CNCF distribution) on a free port of 127.0.0.1. */
export interface TestRegistry {
  host: string;
  stop(): Promise<void>;
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

interface RegistryOptions {
  /** Lines of passwords; with them it asks for a login. */
  htpasswd?: string;
  /** It takes no uploads. */
  isReadOnly?: boolean;
  /** A free port by default. */
  port?: number;
}

const config = (storage: string, port: number, { htpasswd, isReadOnly = false }: RegistryOptions) => `version: 0.1
log: { level: error, accesslog: { disabled: true } }
storage: { filesystem: { rootdirectory: ${storage} }, delete: { enabled: true }, maintenance: { readonly: { enabled: ${isReadOnly} } } }
http: { addr: "127.0.0.1:${port}" }
${htpasswd === undefined ? '' : `auth: { htpasswd: { realm: test, path: ${htpasswd} } }`}
`;

/** Starts the registry program. */
export async function startRegistry(options: RegistryOptions = {}): Promise<TestRegistry> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'aimass-registry-'));
  const port = options.port ?? (await freePort());
  const passwords = options.htpasswd === undefined ? undefined : path.join(directory, 'htpasswd');
  if (passwords !== undefined) await writeFile(passwords, options.htpasswd ?? '');
  await writeFile(path.join(directory, 'config.yml'), config(path.join(directory, 'data'), port, { ...options, ...(passwords !== undefined && { htpasswd: passwords }) }));
  const child = spawn('docker-registry', ['serve', path.join(directory, 'config.yml')], { stdio: 'ignore' });
  const host = `127.0.0.1:${port}`;
  await untilAnswering(`http://${host}/v2/`, child);
  return {
    host,
    stop: async () => {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function untilAnswering(url: string, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (child.exitCode !== null) throw new Error(`docker-registry ended with ${child.exitCode}`);
    const answered = await fetch(url).then(
      () => true,
      () => false,
    );
    if (answered) return;
    await new Promise((resolve) => {
      setTimeout(resolve, 25);
    });
  }
  throw new Error('docker-registry does not answer');
}
