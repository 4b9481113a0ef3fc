import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSettings, type Settings } from '../../operator/settings.ts';

/** What can be chosen for an installation without Helm. Everything has a default. */
export interface InstallOptions {
  /** Prefix of the names of the objects. Default: aimass. */
  name?: string;
  /** Namespace of the operator and the registry; it is made. Default: aimass-system. */
  namespace?: string;
  /** Image references. Default: localhost/aimass/…, and the public CNCF registry image. */
  images?: Partial<Images>;
  /** How many operators; one leads, the others wait. Default: 2. */
  replicas?: number;
  /** The registry for teams that have none; false leaves it out. Default: 20 GiB. */
  registry?: false | { sizeGiB: number };
  /** Settings of the operator that differ from the defaults of operator/settings.ts. */
  settings?: Readonly<Record<string, unknown>>;
}

/** The four images. */
interface Images {
  operator: string;
  runtime: string;
  toolkit: string;
  registry: string;
}

/** A fully decided installation. */
export interface Installation {
  name: string;
  operatorName: string;
  namespace: string;
  version: string;
  images: Images;
  replicas: number;
  registrySizeGiB: number | undefined;
  settings: Settings;
}

/** Manifests of the library name the registry, so its Service has the same name in every installation. */
export const REGISTRY_NAME = 'aimass-registry';
export const REGISTRY_PORT = 5000;
export const SUGGEST_PORT = 8080;
/** The serving pods give their figures on this port (docs/reference/pod-contract.md). */
export const SERVING_METRICS_PORT = 9090;

const productVersion = (): string => {
  const manifest = JSON.parse(readFileSync(join(import.meta.dirname, '..', '..', 'package.json'), 'utf8')) as {
    version: string;
  };
  return manifest.version;
};

/** Fills in the defaults. */
export function decideInstallation(options: InstallOptions = {}): Installation {
  const { name = 'aimass', namespace = 'aimass-system', replicas = 2, registry = { sizeGiB: 20 } } = options;
  const version = productVersion();
  const images = {
    operator: `localhost/aimass/operator:${version}`,
    runtime: `localhost/aimass/runtime:${version}`,
    toolkit: `localhost/aimass/toolkit:${version}`,
    registry: 'docker.io/library/registry:2.8.3',
    ...options.images,
  };
  const host = `${REGISTRY_NAME}.${namespace}.svc`;
  const insecureRegistries =
    registry === false ? [] : [`${host}:${REGISTRY_PORT}`, `${host}.cluster.local:${REGISTRY_PORT}`];
  return {
    name,
    operatorName: `${name}-operator`,
    namespace,
    version,
    images,
    replicas,
    registrySizeGiB: registry === false ? undefined : registry.sizeGiB,
    settings: withLeaseName(
      `${name}-operator`,
      parseSettings({
        runtimeImage: images.runtime,
        namespace,
        insecureRegistries,
        ...options.settings,
        training: {
          toolkitImage: images.toolkit,
          registry: insecureRegistries[0] ?? '',
          suggestUrl: `http://${name}-suggest.${namespace}.svc:${SUGGEST_PORT}`,
          ...(options.settings?.training as object | undefined),
        },
      }),
    ),
  };
}

/** Two installations in one namespace must not elect one leader between them. */
const withLeaseName = (leaseName: string, settings: Settings): Settings => ({
  ...settings,
  leaderElection: { ...settings.leaderElection, leaseName },
});
