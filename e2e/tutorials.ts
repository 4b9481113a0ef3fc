import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';

const TUTORIALS = join(import.meta.dirname, '..', 'docs', 'tutorials', 'training');

/** An object of a tutorial. */
interface Manifest {
  kind: string;
  metadata: { name: string; namespace: string };
  spec: Record<string, unknown>;
}

/** The objects of a tutorial, in a namespace. */
export const tutorial = (file: string, namespace: string): Manifest[] =>
  parseAllDocuments(readFileSync(join(TUTORIALS, file), 'utf8')).map((document) => {
    const manifest = document.toJS() as Manifest;
    return { ...manifest, metadata: { ...manifest.metadata, namespace } };
  });

/** The program of a tutorial, as `kubectl create configmap --from-file=train.py=FILE` makes it. */
export const tutorialCode = (name: string, file: string, namespace: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace },
  data: { 'train.py': readFileSync(join(TUTORIALS, file), 'utf8') },
});
