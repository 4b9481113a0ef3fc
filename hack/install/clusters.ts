import { join } from 'node:path';
import type { Say } from './progress.ts';
import { PROJECT, isInstalled, run, succeeds } from './programs.ts';

/** A cluster to install into. */
export interface Cluster {
  /** What to tell the user about it. */
  description: string;
  /** Which lines make a shell talk to it. */
  exports: string[];
  /** Environment for kubectl and helm. */
  env: { KUBECONFIG?: string };
  /** Arguments that select the context, for kubectl and helm. */
  context: { kubectl: string[]; helm: string[] };
  /** Arguments of hack/images.sh that bring images into it; absent where images have to come from a registry. */
  imageTarget?: string[];
}

const LOCAL = join(PROJECT, 'hack', 'local-cluster');

/** Our own single-node cluster, started when it is not up. */
export async function ownCluster(name: string, say: Say, flags: readonly string[] = []): Promise<Cluster> {
  const script = join(LOCAL, 'cluster.sh');
  await run(script, ['up', '--name', name, ...flags], { onLine: say });
  const kubeconfig = (await run(script, ['kubeconfig', '--name', name])).trim();
  return {
    description: `single-node cluster "${name}" on this machine`,
    exports: [`export KUBECONFIG=${kubeconfig}`, `export PATH=${join(kubeconfig, '..', '..', '..', 'bin')}:$PATH`],
    env: { KUBECONFIG: kubeconfig },
    context: { kubectl: [], helm: [] },
    imageTarget: ['--load', name],
  };
}

/** Address of this machine as the pods of our own cluster see it. */
export const hostAddress = async (name: string): Promise<string> =>
  (await run(join(LOCAL, 'cluster.sh'), ['host-address', '--name', name])).trim();

/** Lets the node of our own cluster claim to have GPUs. */
export const addFakeGpus = (name: string, count: number): Promise<string> =>
  run(join(LOCAL, 'cluster.sh'), ['fake-gpus', String(count), '--name', name]);

/** Takes our own cluster away. */
export const removeOwnCluster = (name: string): Promise<string> =>
  run(join(LOCAL, 'cluster.sh'), ['down', '--name', name]);

/** Whether Docker answers and kind is there. */
export const canUseKind = (): boolean => isInstalled('kind') && isInstalled('docker') && succeeds('docker', ['info']);

/** A kind cluster of this name, created when there is none. */
export async function kindCluster(name: string, say: Say): Promise<Cluster> {
  const names = (await run('kind', ['get', 'clusters'])).split('\n');
  if (!names.includes(name))
    await run('kind', ['create', 'cluster', '--name', name, '--wait', '120s'], { onLine: say });
  return contextCluster(`kind-${name}`);
}

/** Takes the kind cluster away. */
export const removeKindCluster = (name: string): Promise<string> => run('kind', ['delete', 'cluster', '--name', name]);

/** A context of the user's own kubeconfig. */
export function contextCluster(context: string): Cluster {
  const loadable = [
    { prefix: 'kind-', flag: '--kind', program: 'kind' },
    { prefix: 'minikube', flag: '--minikube', program: 'minikube' },
  ].find(({ prefix, program }) => context.startsWith(prefix) && isInstalled(program));
  return {
    description: `kube context "${context}"`,
    exports: [`kubectl config use-context ${context}`],
    env: {},
    context: { kubectl: ['--context', context], helm: ['--kube-context', context] },
    ...(loadable !== undefined && { imageTarget: [loadable.flag, context.replace(/^kind-/, '')] }),
  };
}
