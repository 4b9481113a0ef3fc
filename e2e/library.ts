import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';

/** A manifest of a library entry, moved to a namespace; `spec` is merged over its own. */
export function libraryManifest(
  entry: string,
  file: 'model' | 'service',
  { namespace, name, spec = {} }: { namespace: string; name?: string; spec?: Record<string, unknown> },
) {
  const [document] = parseAllDocuments(readFileSync(`library/${entry}/${file}.yaml`, 'utf8'));
  const manifest = document?.toJS() as { metadata: { name: string }; spec: Record<string, unknown> };
  return {
    ...manifest,
    metadata: { ...manifest.metadata, name: name ?? manifest.metadata.name, namespace },
    spec: { ...manifest.spec, ...spec },
  };
}

/** A service that asks for so little that many find room on a node of two cores. */
export const smallService = (
  name: string,
  model: string,
  { namespace, spec = {} }: { namespace: string; spec?: Record<string, unknown> },
) => ({
  apiVersion: 'aimass.dev/v1alpha1',
  kind: 'InferenceService',
  metadata: { name, namespace },
  spec: { model: { name: model }, resources: { requests: { cpu: '50m', memory: '128Mi' } }, ...spec },
});

/** The request of a library entry's first golden example, and its answer. */
export function goldenExample(entry: string): {
  request: object;
  response: { outputs: { name: string; data: number[] }[] };
} {
  const golden = JSON.parse(readFileSync(`library/${entry}/golden.json`, 'utf8')) as {
    examples: { request: object; response: { outputs: { name: string; data: number[] }[] } }[];
  };
  const [first] = golden.examples;
  if (first === undefined) throw new Error(`library/${entry}/golden.json has no example`);
  return first;
}
