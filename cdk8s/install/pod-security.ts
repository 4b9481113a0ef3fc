import { ApiObject, JsonPatch } from 'cdk8s';
import { FsGroupChangePolicy, Pod, type ContainerSecurityContextProps, type Deployment } from 'cdk8s-plus-27';

const USER = 65532;
const pod = '/spec/template/spec';
/** Slashes are written ~1 in a JSON pointer. */
const addressLabel = Pod.ADDRESS_LABEL.replaceAll('/', '~1');

/** The pod half of Pod Security "restricted". */
export const podSecurity = {
  ensureNonRoot: true,
  user: USER,
  group: USER,
  fsGroup: USER,
  fsGroupChangePolicy: FsGroupChangePolicy.ON_ROOT_MISMATCH,
};

/** The container half. The user is set once, for the pod. */
export const containerSecurity: ContainerSecurityContextProps = {
  readOnlyRootFilesystem: true,
  allowPrivilegeEscalation: false,
};

/** Adds what cdk8s-plus-27 has no words for: the seccomp profile, dropping every capability, and spreading over nodes. */
export function finishDeployment(deployment: Deployment, options: { spread?: Record<string, string> } = {}): void {
  const patches = [
    JsonPatch.add(`${pod}/securityContext/seccompProfile`, { type: 'RuntimeDefault' }),
    JsonPatch.add(`${pod}/containers/0/securityContext/capabilities`, { drop: ['ALL'] }),
    // Its own address label says nothing here: the selectors are ours.
    JsonPatch.remove(`/spec/template/metadata/labels/${addressLabel}`),
  ];
  const spread = options.spread && {
    maxSkew: 1,
    topologyKey: 'kubernetes.io/hostname',
    whenUnsatisfiable: 'ScheduleAnyway',
    labelSelector: { matchLabels: options.spread },
  };
  if (spread) patches.push(JsonPatch.add(`${pod}/topologySpreadConstraints`, [spread]));
  ApiObject.of(deployment).addJsonPatch(...patches);
}
