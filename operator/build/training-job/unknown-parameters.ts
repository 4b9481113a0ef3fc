import type { TrainingJobSpec } from '../../../crds/schema/training-job.ts';
import { referencesIn } from './expand.ts';

/** Parameters that command, args or env ask for, and that neither spec.parameters nor spec.search gives. */
export function unknownParameters(spec: TrainingJobSpec): string[] {
  const texts = [...(spec.command ?? []), ...(spec.args ?? []), ...(spec.env ?? []).map(({ value }) => value ?? '')];
  const known = new Set([
    ...Object.keys(spec.parameters ?? {}),
    ...(spec.search?.parameters ?? []).map(({ name }) => name),
  ]);
  return [...new Set(texts.flatMap(referencesIn))].filter((name) => !known.has(name));
}
