import type { V1PodSecurityContext, V1SecurityContext } from '@kubernetes/client-node';

const USER = 65_532;

/** Pod Security "restricted"; fsGroup makes a claim writable for the cache, and is checked once, not for each file. */
export const podSecurity = (): V1PodSecurityContext => ({
  runAsNonRoot: true,
  runAsUser: USER,
  runAsGroup: USER,
  fsGroup: USER,
  fsGroupChangePolicy: 'OnRootMismatch',
  seccompProfile: { type: 'RuntimeDefault' },
});

/** Pod Security "restricted"; and for our own images, nothing to write to but the mounts. */
export const containerSecurity = (readOnlyRootFilesystem = true): V1SecurityContext => ({
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem,
  capabilities: { drop: ['ALL'] },
});
