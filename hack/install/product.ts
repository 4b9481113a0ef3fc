import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { readEntries } from '../../library/entries.ts';
import { pushEntries } from '../../library/push.ts';
import type { Cluster } from './clusters.ts';
import type { Say } from './progress.ts';
import { PROJECT, programEnvironment, run } from './programs.ts';

/** Namespace of the release; the library's manifests name the registry in it. */
export const RELEASE_NAMESPACE = 'aimass-system';
const REGISTRY = 'aimass-registry';

/** What serving needs. */
export const SERVING_IMAGES = ['operator', 'runtime', 'registry'] as const;
/** What training needs beside it. */
export const TRAINING_IMAGES = ['toolkit'] as const;
/** What training with these frameworks needs beside that. */
export const FRAMEWORK_IMAGES = ['toolkit-tensorflow', 'toolkit-paddle', 'toolkit-mxnet'] as const;
export type ImageName =
  (typeof SERVING_IMAGES)[number] | (typeof TRAINING_IMAGES)[number] | (typeof FRAMEWORK_IMAGES)[number];

/** The images of an installation. */
export type Images = Partial<Record<ImageName, string>>;

/** Runs kubectl against the cluster. */
export const kubectl = (cluster: Cluster, args: readonly string[], input?: string): Promise<string> =>
  run('kubectl', [...cluster.context.kubectl, ...args], {
    env: programEnvironment(cluster.env),
    ...(input !== undefined && { input }),
  });

/** Builds the images that changed and brings them into the cluster. */
export async function provideImages(cluster: Cluster, names: readonly ImageName[], say: Say): Promise<Images> {
  if (cluster.imageTarget === undefined) {
    throw new Error(
      `images cannot be loaded into ${cluster.description}. Push them to a registry that it can pull from ` +
        `(hack/images.sh --push HOST/PATH) and name them with --operator-image, --runtime-image and --registry-image`,
    );
  }
  const lines = await run(join(PROJECT, 'hack', 'images.sh'), [...cluster.imageTarget, ...names], { onLine: say });
  return Object.fromEntries(
    lines
      .trim()
      .split('\n')
      .map((line) => line.split('=')),
  ) as Images;
}

/** What is installed: images other than the chart's, private hosts that models may come from, and further values. */
export interface ChartChoices {
  images: Images;
  allowedPrivateHosts?: readonly string[];
  /** As Helm's --set-string takes them. */
  values?: readonly string[];
}

/** Installs the chart, or upgrades what is installed, and waits until its pods are available. */
export async function installChart(cluster: Cluster, choices: ChartChoices, say: Say): Promise<void> {
  const { images, allowedPrivateHosts = [], values: more = [] } = choices;
  await createNamespace(cluster, RELEASE_NAMESPACE);
  const release = ['aimass', join(PROJECT, 'charts', 'aimass'), '--namespace', RELEASE_NAMESPACE];
  const values = [
    ...Object.entries(images).flatMap(([name, image]) => imageValues(valueNameOf(name), image)),
    ...(images.toolkit === undefined ? ['suggest.enabled=false'] : []),
    ...allowedPrivateHosts.map((host, index) => `settings.fetch.allowedPrivateHosts[${index}]=${host}`),
    ...more,
  ];
  say('helm upgrade --install aimass charts/aimass');
  await run(
    'helm',
    [
      'upgrade',
      '--install',
      ...release,
      ...cluster.context.helm,
      ...values.flatMap((value) => [/=(true|false)$/.test(value) ? '--set' : '--set-string', value]),
    ],
    { env: programEnvironment(cluster.env) },
  );
  for (const name of ['aimass-operator', REGISTRY, 'aimass-suggest']) {
    const deployment = await kubectl(cluster, [
      'get',
      'deployment',
      name,
      '-n',
      RELEASE_NAMESPACE,
      '--ignore-not-found',
      '-o',
      'name',
    ]);
    if (deployment.trim() !== '') await waitForRollout(cluster, name, say);
  }
}

/** Creates a namespace, once, in which Pod Security refuses everything that is not "restricted". */
export async function createNamespace(cluster: Cluster, name: string): Promise<void> {
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
  await kubectl(cluster, ['apply', '--server-side', '--force-conflicts', '-f', '-'], JSON.stringify(namespace));
}

/** `toolkit-paddle` is `image.toolkitPaddle` in the chart. */
const valueNameOf = (image: string): string => image.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());

function imageValues(name: string, image: string): string[] {
  const [repository, digest] = image.split('@');
  if (digest !== undefined) return [`image.${name}.repository=${repository}`, `image.${name}.digest=${digest}`];
  const colon = image.lastIndexOf(':');
  const hasTag = colon > image.lastIndexOf('/');
  return [
    `image.${name}.repository=${hasTag ? image.slice(0, colon) : image}`,
    `image.${name}.tag=${hasTag ? image.slice(colon + 1) : 'latest'}`,
  ];
}

async function waitForRollout(cluster: Cluster, name: string, say: Say): Promise<void> {
  say(`waiting for deployment ${name}`);
  const args = ['rollout', 'status', `deployment/${name}`, '-n', RELEASE_NAMESPACE, '--timeout=180s'];
  try {
    await run('kubectl', [...cluster.context.kubectl, ...args], { env: programEnvironment(cluster.env), onLine: say });
  } catch (cause) {
    const pods = await kubectl(cluster, ['get', 'pods', '-n', RELEASE_NAMESPACE, '-o', 'wide']);
    const logs = await kubectl(cluster, ['logs', `deployment/${name}`, '-n', RELEASE_NAMESPACE, '--tail=20']).catch(
      String,
    );
    throw new Error(`deployment ${name} does not become available:\n${pods}\n${logs}`, { cause });
  }
}

/** Pushes the library into the registry of the release; what is there already is not sent again. */
export async function pushLibrary(cluster: Cluster, say: Say): Promise<string[]> {
  const entries = await readEntries();
  say(entries.map(({ name }) => name).join(', '));
  return withPortForward(cluster, { namespace: RELEASE_NAMESPACE, service: REGISTRY, port: 5000 }, (address) =>
    pushEntries(entries, { registry: address, insecure: true }),
  );
}

/** Runs `work` with an address of this machine that leads to a Service of the cluster. */
export async function withPortForward<T>(
  cluster: Cluster,
  target: { namespace: string; service: string; port: number },
  work: (address: string) => Promise<T>,
): Promise<T> {
  const args = [
    'port-forward',
    '-n',
    target.namespace,
    `service/${target.service}`,
    `:${target.port}`,
    '--address=127.0.0.1',
  ];
  const child = spawn('kubectl', [...cluster.context.kubectl, ...args], { env: programEnvironment(cluster.env) });
  try {
    const address = await new Promise<string>((resolve, reject) => {
      let said = '';
      const listen = (chunk: Buffer): void => {
        said += chunk.toString();
        const port = /Forwarding from 127\.0\.0\.1:(\d+)/.exec(said)?.[1];
        if (port !== undefined) resolve(`127.0.0.1:${port}`);
      };
      child.stdout.on('data', listen);
      child.stderr.on('data', listen);
      child.on('error', reject);
      child.on('close', () => reject(new Error(`kubectl ${args.join(' ')}: ${said.trim()}`)));
    });
    return await work(address);
  } finally {
    child.kill();
  }
}
