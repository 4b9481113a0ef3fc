import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pushArtifact } from '../../runtime/repository/oci-push.ts';
import type { Cluster } from './clusters.ts';
import { RELEASE_NAMESPACE, withPortForward } from './product.ts';
import type { Say } from './progress.ts';
import { PROJECT } from './programs.ts';

const FOLDER = join(PROJECT, 'docs', 'tutorials', 'training', 'data');

/** Pushes the data of the tutorials into the registry of the release, as data/NAME:1. */
export async function pushTutorialData(cluster: Cluster, say: Say): Promise<void> {
  const files = readdirSync(FOLDER).filter((name) => /\.(csv|jsonl|npz)$/.test(name));
  say(files.join(', '));
  const target = { namespace: RELEASE_NAMESPACE, service: 'aimass-registry', port: 5000 };
  await withPortForward(cluster, target, async (registry) => {
    for (const name of files) {
      const repository = `data/${name.replace(/\..*/, '')}`;
      await pushArtifact({
        registry,
        repository,
        tag: '1',
        insecure: true,
        files: [{ name, path: join(FOLDER, name) }],
      });
    }
  });
}
