import type { Installation } from './options.ts';

/** Which part of the installation an object belongs to. */
export type Component = 'operator' | 'registry' | 'suggest' | 'users' | 'crds';

/** Labels that select the pods of a component. */
export const selectorLabels = (installation: Installation, component: Component): Record<string, string> => ({
  'app.kubernetes.io/name': 'aimass',
  'app.kubernetes.io/instance': installation.name,
  'app.kubernetes.io/component': component,
});

/** Labels of every object of a component. */
export const labels = (installation: Installation, component: Component): Record<string, string> => ({
  ...selectorLabels(installation, component),
  'app.kubernetes.io/part-of': 'aimass',
  'app.kubernetes.io/version': installation.version,
});
