import type { V1Container } from '@kubernetes/client-node';
import { quantityValue } from '../../../crds/schema/quantity.ts';
import { filledResources } from '../container-resources.ts';
import { toFlags } from '../flags.ts';
import { networkOptions } from '../network-options.ts';
import { containerSecurity } from '../pod-security.ts';
import { literal } from './expand.ts';
import type { StagePlan } from './plan.ts';
import { type FetchedSource, sourcesOf } from './sources.ts';
import { claimOf, sourceMounts } from './source-volumes.ts';
import { ROOT, runMount } from './run-folder.ts';

/** The init containers of `prepare`, one for each source: only they see the logins. */
export const buildFetchContainers = (plan: StagePlan): V1Container[] =>
  plan.stage === 'prepare' ? sourcesOf(plan).map((source) => buildFetchContainer(source, plan)) : [];

const buildFetchContainer = (source: FetchedSource, plan: StagePlan): V1Container => ({
  name: source.container,
  image: plan.settings.runtimeImage,
  imagePullPolicy: plan.settings.runtimeImagePullPolicy,
  args: fetchArguments(source, plan),
  resources: filledResources(undefined, {
    requests: plan.settings.training.stageRequests,
    limits: plan.settings.training.stageLimits,
  }),
  securityContext: containerSecurity(),
  terminationMessagePolicy: 'File',
  volumeMounts: [runMount(plan), { name: 'tmp', mountPath: '/tmp' }, ...sourceMounts(source)],
});

function fetchArguments(source: FetchedSource, { settings }: StagePlan): string[] {
  const options = {
    kind: source.kind,
    uri: literal(source.uri),
    into: `${ROOT}/${source.folder}`,
    digest: source.digest,
    'max-bytes': String(Math.floor(quantityValue(source.maxSize ?? settings.fetch.maxSize))),
    'timeout-seconds': String(settings.fetch.timeoutSeconds),
    'credentials-dir': source.credentials && '/credentials',
    'ca-file': source.caBundle && '/ca/ca.crt',
    ...networkOptions(settings),
    'claim-dir': claimOf(source.uri) && '/source',
  };
  const shape = { data: source.unpack ? ['--unpack'] : [], model: ['--flat'] };
  return ['fetch', ...toFlags(options), ...shape[source.kind]];
}
