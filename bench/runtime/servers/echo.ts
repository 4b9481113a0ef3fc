import { join } from 'node:path';
import type { ServerKind } from './server.ts';

const echo = (name: string, about: string, options: Pick<ServerKind, 'transports' | 'onlyCells'>): ServerKind => ({
  ...options,
  name,
  about,
  onlyModels: ['S'],
  readyPath: '/',
  isChecked: false,
  isPeer: false,
  command: ({ ports }) => ({
    argv: [
      process.execPath,
      join(import.meta.dirname, '..', 'limits', `${name}.ts`),
      String(ports.http),
      String(ports.grpc),
    ],
  }),
});

/** What the front end alone can do: read a body, send it back. */
export const echoes: readonly ServerKind[] = [
  echo('echo-http', 'bare node:http, sends the body back', { transports: ['json'], onlyCells: ['S-json-c64'] }),
  echo('echo-express', 'express 5 with its JSON parser', { transports: ['json'], onlyCells: ['S-json-c64'] }),
  echo('echo-grpc', 'bare node:http2 spoken as gRPC', { transports: ['grpc'], onlyCells: ['S-grpc-c64'] }),
];
