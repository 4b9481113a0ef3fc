import type { V1Volume, V1VolumeMount } from '@kubernetes/client-node';
import type { TrainingJob } from '../../../crds/schema/training-job.ts';
import type { Settings } from '../../settings.ts';
import { toFlags } from '../flags.ts';
import { networkOptions } from '../network-options.ts';
import { literal } from './expand.ts';
import type { StagePlan } from './plan.ts';
import { ROOT } from './run-folder.ts';
import { authoritiesOf, loginOf } from './source-volumes.ts';
import { wantedStages } from './stages.ts';
import { taskOf } from './task.ts';

/**
 * Where a run is published: as the user says, else in the registry of the platform; undefined when there is none. Without
 * a tag of the user's the number of the run is the tag.
 */
export function targetUri({ metadata, spec }: TrainingJob, run: number, { training }: Settings): string | undefined {
  const to = spec.publish?.to;
  if (to !== undefined) return hasTag(to) ? to : `${to}:${run}`;
  if (training.registry === '') return undefined;
  return `oci://${training.registry}/${metadata.namespace}/${metadata.name}:${run}`;
}

/** A colon before the first slash belongs to the port of the registry. */
const hasTag = (uri: string): boolean => uri.slice(uri.lastIndexOf('/')).includes(':');

/** Command line of the container that pushes the artifact: what it pushes, and what the program wrote beside it. */
export function publishArguments({ job, run, settings }: StagePlan): string[] {
  const folder = folderOf(wantedStages(job.spec));
  const { credentials, caBundle } = job.spec.publish ?? {};
  const network = networkOptions(settings);
  const options = {
    from: `${ROOT}/${folder}`,
    to: targetUri(job, run, settings),
    'original-from': folder === 'output' ? undefined : `${ROOT}/output`,
    record: `${ROOT}/published.json`,
    'timeout-seconds': String(settings.fetch.timeoutSeconds),
    'credentials-dir': credentials && '/credentials',
    'ca-file': caBundle && '/ca/ca.crt',
    'insecure-registries': network['insecure-registries'],
    'allowed-private-hosts': network['allowed-private-hosts'],
  };
  return ['publish', ...toFlags(options), ...annotationFlags(job)];
}

/** What the artifact says of itself. Nothing of the run: the same files stay the same artifact. */
function annotationFlags({ metadata, spec }: TrainingJob): string[] {
  const { summary, license, tags = [] } = spec.publish?.card ?? {};
  const annotations = {
    'org.opencontainers.image.title': metadata.name,
    'org.opencontainers.image.description': summary,
    'org.opencontainers.image.licenses': license,
    'aimass.dev/job': `${metadata.namespace}/${metadata.name}`,
    'aimass.dev/task': taskOf(spec),
    'aimass.dev/tags': tags.length === 0 ? undefined : tags.join(','),
  };
  return Object.entries(annotations).flatMap(([name, value]) =>
    value === undefined ? [] : ['--annotation', literal(`${name}=${value}`)],
  );
}

/** What the last stage before publishing wrote. */
function folderOf(stages: readonly string[]): 'compressed' | 'converted' | 'output' {
  if (stages.includes('compress')) return 'compressed';
  return stages.includes('convert') ? 'converted' : 'output';
}

const seen = ({ job: { spec } }: StagePlan) => {
  const { credentials, caBundle } = spec.publish ?? {};
  return [
    ...(credentials === undefined ? [] : [loginOf('publish', credentials)]),
    ...(caBundle === undefined ? [] : [authoritiesOf('publish', caBundle)]),
  ];
};

/** The login and the authorities of the registry, which only this container sees. */
export const publishMounts = (plan: StagePlan): V1VolumeMount[] =>
  seen(plan).map(({ mountPath, volume }) => ({ name: volume.name, mountPath, readOnly: true }));

/** The volumes behind them. */
export const publishVolumes = (plan: StagePlan): V1Volume[] => seen(plan).map(({ volume }) => volume);
