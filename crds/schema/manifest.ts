import type { KindDefinition } from './crd.ts';

/** The part of an object that the schema says something about. */
export interface Manifest {
  metadata: { name: string };
  spec: unknown;
}

/** Everything that the API server would refuse about this object, each as `path: what is wrong`; empty when it is fine. */
export const checkManifest = (definition: KindDefinition, manifest: Manifest): readonly string[] => {
  const parsed = definition.spec.safeParse(manifest.spec);
  const issues = parsed.success ? [] : parsed.error.issues;
  return [
    ...definition.rules.filter(({ holds }) => !holds(manifest)).map(({ message }) => message),
    ...issues.map(({ path, message }) => `${['spec', ...path].join('.')}: ${message}`),
  ];
};
