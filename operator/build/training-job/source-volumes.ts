import type { V1Volume, V1VolumeMount } from '@kubernetes/client-node';
import type { FetchedSource } from './sources.ts';

/** A volume that only one container sees, and where. */
interface Seen {
  mountPath: string;
  volume: V1Volume;
}

/** The claim that a `pvc://claim/path` source is read from. */
export const claimOf = (uri: string): string | undefined => /^pvc:\/\/([^/]+)/.exec(uri)?.[1];

/** Mounts of the container that fetches this source. */
export const sourceMounts = (source: FetchedSource): V1VolumeMount[] =>
  seenBy(source).map(({ mountPath, volume }) => ({ name: volume.name, mountPath, readOnly: true }));

/** The volumes behind them. */
export const sourceVolumes = (source: FetchedSource): V1Volume[] => seenBy(source).map(({ volume }) => volume);

function seenBy({ container, uri, credentials, caBundle }: FetchedSource): Seen[] {
  const claimName = claimOf(uri);
  return [
    ...(credentials === undefined ? [] : [loginOf(container, credentials)]),
    ...(caBundle === undefined ? [] : [authoritiesOf(container, caBundle)]),
    ...(claimName === undefined
      ? []
      : [
          {
            mountPath: '/source',
            volume: { name: `${container}-claim`, persistentVolumeClaim: { claimName, readOnly: true } },
          },
        ]),
  ];
}

/** The login of one container, for the user of the container alone to read. */
export const loginOf = (container: string, { secretName }: { secretName: string }): Seen => ({
  mountPath: '/credentials',
  volume: { name: `${container}-login`, secret: { secretName, defaultMode: 0o440 } },
});

/** The certificate authorities that one container trusts beside the public ones. */
export const authoritiesOf = (container: string, { name, key }: { name: string; key: string }): Seen => ({
  mountPath: '/ca',
  volume: { name: `${container}-ca`, configMap: { name, items: [{ key, path: 'ca.crt' }] } },
});
