import { expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { inferenceServiceKind, modelKind } from '../../crds/schema/kinds.ts';
import { checkManifest } from '../../crds/schema/manifest.ts';

interface Manifest {
  kind: string;
  metadata: { name: string };
  spec: unknown;
}

const definitions = new Map([modelKind, inferenceServiceKind].map((definition) => [definition.kind, definition]));
const examples = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'));

const synthesise = (name: string): Manifest[] => {
  const yaml = execFileSync(process.execPath, [join(import.meta.dirname, name)], { encoding: 'utf8' });
  return parseAllDocuments(yaml).map((document) => document.toJS() as Manifest);
};

test.each(examples)('%s prints manifests that the API server accepts', (name) => {
  const manifests = synthesise(name);
  expect(manifests.map(({ kind }) => kind)).toEqual(['ConfigMap', 'Model', 'InferenceService']);
  for (const manifest of manifests) {
    const definition = definitions.get(manifest.kind);
    if (definition !== undefined) expect(checkManifest(definition, manifest)).toEqual([]);
  }
});
