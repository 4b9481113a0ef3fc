import type { V1Container, V1VolumeMount } from '@kubernetes/client-node';
import { quantityValue } from '../../../crds/schema/quantity.ts';
import { networkOptions } from '../network-options.ts';
import { toFlags } from '../flags.ts';
import type { PodPlan } from './pod-template.ts';
import { containerSecurity } from '../pod-security.ts';
import { withoutDevices } from '../container-resources.ts';
import { servingResources } from './serving-resources.ts';
import { modelMount, sourceClaim } from './volumes.ts';
import { pinnedUri } from '../pinned-uri.ts';

/** The init container that brings the verified bytes, and only those, into the cache. */
export function buildFetchContainer(plan: PodPlan): V1Container {
  const { service, settings } = plan;
  return {
    name: 'fetch',
    image: settings.runtimeImage,
    imagePullPolicy: settings.runtimeImagePullPolicy,
    args: fetchArguments(plan),
    // No more than the serving container asks for, so that the pod as a whole needs nothing extra; and a namespace with a
    // ResourceQuota refuses containers that ask for nothing.
    resources: withoutDevices(servingResources(service.spec, settings)),
    securityContext: containerSecurity(),
    terminationMessagePolicy: 'File',
    volumeMounts: [modelMount(plan, false), { name: 'tmp', mountPath: '/tmp' }, ...sourceMounts(plan)],
  };
}

function fetchArguments({ model, settings }: PodPlan): string[] {
  const options = {
    uri: pinnedUri(model),
    into: '/models',
    digest: model.digest,
    'max-bytes': String(Math.floor(quantityValue(model.maxSize ?? settings.fetch.maxSize))),
    'timeout-seconds': String(settings.fetch.timeoutSeconds),
    'credentials-dir': model.credentialsSecret === undefined ? undefined : '/credentials',
    'ca-file': model.caBundle === undefined ? undefined : '/ca/ca.crt',
    ...networkOptions(settings),
    'claim-dir': sourceClaim(model.uri) === undefined ? undefined : '/source',
  };
  return ['fetch', ...toFlags(options)];
}

const sourceMounts = ({ model }: PodPlan): V1VolumeMount[] => [
  ...(model.credentialsSecret === undefined
    ? []
    : [{ name: 'credentials', mountPath: '/credentials', readOnly: true }]),
  ...(model.caBundle === undefined ? [] : [{ name: 'ca', mountPath: '/ca', readOnly: true }]),
  ...(sourceClaim(model.uri) === undefined ? [] : [{ name: 'source', mountPath: '/source', readOnly: true }]),
];
