import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pushArtifact } from '../../runtime/repository/oci-push.ts';
import type { Cluster } from './clusters.ts';
import { RELEASE_NAMESPACE, withPortForward } from './product.ts';
import type { Say } from './progress.ts';
import { PROJECT, run } from './programs.ts';

const FOLDER = join(PROJECT, 'docs', 'tutorials', 'training', 'data');

/** Pushes the data of the tutorials into the registry of the release, as data/NAME:1. */
export async function pushTutorialData(cluster: Cluster, say: Say): Promise<void> {
  const files = readdirSync(FOLDER).filter((name) => /\.(csv|jsonl|npz)$/.test(name));
  say(files.join(', '));
  await pushData(cluster, Object.fromEntries(files.map((name) => [name.replace(/\..*/, ''), join(FOLDER, name)])));
}

/** Pushes an archive of Open MPI and MPICH, as data/mpi:1: the toolkit's image has neither. */
export async function pushMpi(cluster: Cluster): Promise<void> {
  const path = (await run(join(import.meta.dirname, 'mpi.sh'), [])).trim();
  await pushData(cluster, { mpi: path });
}

/** Pushes files into the registry of the release, as data/NAME:1. */
function pushData(cluster: Cluster, paths: Readonly<Record<string, string>>): Promise<void> {
  const target = { namespace: RELEASE_NAMESPACE, service: 'aimass-registry', port: 5000 };
  return withPortForward(cluster, target, async (registry) => {
    for (const [name, path] of Object.entries(paths)) {
      const files = [{ name: basename(path), path }];
      await pushArtifact({ registry, repository: `data/${name}`, tag: '1', insecure: true, files });
    }
  });
}
