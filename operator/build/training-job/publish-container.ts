import type { V1Volume, V1VolumeMount } from '@kubernetes/client-node';
import type { TrainingJob } from '../../../crds/schema/training-job.ts';
import type { Settings } from '../../settings.ts';
import { toFlags } from '../flags.ts';
import { networkOptions } from '../network-options.ts';
import type { StagePlan } from './plan.ts';
import { ROOT } from './run-folder.ts';
import { authoritiesOf, loginOf } from './source-volumes.ts';
import { wantedStages } from './stages.ts';

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

/** Command line of the container that pushes the artifact: what it pushes, and the files of the program beside it. */
export function publishArguments({ job, run, settings }: StagePlan): string[] {
  const stages = wantedStages(job.spec);
  const folder = folderOf(stages);
  const { credentials, caBundle } = job.spec.publish ?? {};
  const options = {
    from: `${ROOT}/${folder}`,
    to: targetUri(job, run, settings),
    original: folder === 'output' ? undefined : `${ROOT}/output`,
    state: `${ROOT}/published.json`,
    'timeout-seconds': String(settings.fetch.timeoutSeconds),
    'credentials-dir': credentials && '/credentials',
    'ca-file': caBundle && '/ca/ca.crt',
    'insecure-registries': networkOptions(settings)['insecure-registries'],
    'allowed-private-hosts': networkOptions(settings)['allowed-private-hosts'],
  };
  return ['publish', ...toFlags(options)];
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
