import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import protobuf from 'protobufjs';

const FILES = ['inference.proto', 'health.proto', 'reflection.proto'];

/** The .proto files of this folder as one JSON schema, so that the bundle needs no files beside it. */
export function buildSchema(): string {
  const root = new protobuf.Root();
  for (const file of FILES) {
    protobuf.parse(readFileSync(join(import.meta.dirname, file), 'utf8'), root, { keepCase: true });
  }
  return JSON.stringify(root.toJSON());
}

if (import.meta.main) writeFileSync(join(import.meta.dirname, 'schema.json'), buildSchema());
