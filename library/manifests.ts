import { stringify } from 'yaml';
import { API_VERSION } from '../crds/schema/shared.ts';
import type { InferenceServiceSpec } from '../crds/schema/inference-service.ts';
import type { ModelSpec } from '../crds/schema/model.ts';
import type { Entry } from './entries.ts';
import { LICENSE } from './entries.ts';

/** The registry that the chart installs; manifests of the library refer to it. */
export const REGISTRY = 'aimass-registry.aimass-system.svc:5000';

const HEADER = '# Written by library/generate.ts from library/report.json.\n';

const METRICS: Record<string, string> = {
  accuracy: 'accuracy',
  macroF1: 'macro F1',
  logLoss: 'log loss',
  r2: 'R²',
  meanAbsoluteError: 'mean absolute error',
  rootMeanSquaredError: 'root mean squared error',
};

/** model.yaml of an entry: pinned by the digest of its artifact. */
export function modelYaml({ name, report, repository, digest }: Entry): string {
  const spec: ModelSpec = {
    task: report.task,
    source: { uri: `oci://${REGISTRY}/${repository}@${digest}` },
    card: { summary: report.summary, license: LICENSE, tags: ['library', report.task] },
  };
  return manifest('Model', name, spec);
}

/** service.yaml of an entry: one pod, the platform's defaults for everything else. */
export function serviceYaml({ name }: Entry): string {
  const spec: Pick<InferenceServiceSpec, 'model' | 'replicas'> = { model: { name }, replicas: 1 };
  return manifest('InferenceService', name, spec);
}

function manifest(kind: string, name: string, spec: object): string {
  return HEADER + stringify({ apiVersion: API_VERSION, kind, metadata: { name }, spec }, { lineWidth: 0 });
}

/** index.json: what the library holds, and the digest of each entry. */
export function indexJson(entries: readonly Entry[]): string {
  const content = entries.map(({ name, report, repository, digest, sizeBytes, files }) => [
    name,
    { task: report.task, repository, digest, sizeBytes, files },
  ]);
  return `${JSON.stringify(Object.fromEntries(content), undefined, 2)}\n`;
}

/** The table of the library's README. */
export function entryTable(entries: readonly Entry[]): string {
  const rows = entries.map(({ name, report, sizeBytes }) => {
    const metrics = Object.entries(report.metrics).map(([metric, value]) => `${METRICS[metric] ?? metric} ${value}`);
    const size = `${Math.ceil(sizeBytes / 1024)} KiB`;
    return `| [${name}](${name}/card.md) | ${report.task} | ${report.chosen} | ${metrics.join(', ')} | ${size} |`;
  });
  const head = ['| entry | task | model | on held-out data | size |', '| --- | --- | --- | --- | --- |'];
  return [...head, ...rows].join('\n');
}
