import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs, promisify } from 'node:util';
import { programPath } from '../hack/local-cluster/processes.ts';

const USAGE = `usage: npm run bench:first-answer -- [--name digits] [--times 3] [--kubeconfig FILE] [--timeout-seconds 300]
Seconds from apply to a verified Model, to a Ready InferenceService and to its first answer, in a cluster where AI Mass
is installed and the library is in the registry. Each time in a namespace of its own, which is deleted afterwards.
The first time may pull images; the others show a warm node.`;

const LIBRARY = join(import.meta.dirname, '..', 'library');
const POLL_MS = 100;
const run = promisify(execFile);

/** Seconds from apply to each event. */
interface Sample {
  verified: number;
  ready: number;
  firstAnswer: number;
}

type Kubectl = (...args: string[]) => Promise<string>;

function kubectlFor(kubeconfig: string | undefined): Kubectl {
  const common = kubeconfig === undefined ? [] : [`--kubeconfig=${kubeconfig}`];
  return async (...args) => (await run(programPath('kubectl'), [...common, ...args])).stdout;
}

async function measureOnce(
  kubectl: Kubectl,
  { name, namespace, timeout }: Record<'name' | 'namespace' | 'timeout', string>,
) {
  const file = (suffix: string) => join(LIBRARY, name, suffix);
  await kubectl('create', 'namespace', namespace);
  try {
    const startedAt = performance.now();
    const seconds = () => (performance.now() - startedAt) / 1000;
    const untilReady = async (kind: string) => {
      await kubectl('wait', '-n', namespace, `${kind}/${name}`, '--for=condition=Ready', `--timeout=${timeout}s`);
      return seconds();
    };
    await kubectl('apply', '-n', namespace, '-f', file('model.yaml'), '-f', file('service.yaml'));
    const [verified, ready] = await Promise.all([untilReady('model'), untilReady('inferenceservice')]);
    await firstAnswer(kubectl, { name, namespace, request: file('sample-request.json') });
    return { verified, ready, firstAnswer: seconds() };
  } finally {
    await kubectl('delete', 'namespace', namespace, '--wait=false');
  }
}

/** Asks through the API server's proxy, which every cluster has, until there is an answer. */
async function firstAnswer(kubectl: Kubectl, at: { name: string; namespace: string; request: string }): Promise<void> {
  const path = `/api/v1/namespaces/${at.namespace}/services/${at.name}:80/proxy/v2/models/${at.name}/infer`;
  for (let attempt = 1; ; attempt += 1) {
    try {
      const answer = await kubectl('create', '--raw', path, '-f', at.request);
      if (!answer.includes('"outputs"')) throw new Error(`the answer has no outputs: ${answer.slice(0, 500)}`);
      return;
    } catch (error) {
      // A Ready service should answer at once; the proxy's own endpoints may be a moment behind.
      if (attempt === 100) throw error;
      await sleep(POLL_MS);
    }
  }
}

function show(samples: readonly Sample[]): string {
  const line = ({ verified, ready, firstAnswer: answer }: Sample, index: number) =>
    `| ${index + 1} | ${verified.toFixed(1)} | ${ready.toFixed(1)} | ${answer.toFixed(1)} |`;
  return ['| run | verified, s | Ready, s | first answer, s |', '| --- | --- | --- | --- |', ...samples.map(line)].join(
    '\n',
  );
}

async function runFromCommandLine(): Promise<void> {
  const { values } = parseArgs({
    options: {
      name: { type: 'string', default: 'digits' },
      times: { type: 'string', default: '3' },
      kubeconfig: { type: 'string' },
      'timeout-seconds': { type: 'string', default: '300' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const kubectl = kubectlFor(values.kubeconfig);
  const samples: Sample[] = [];
  for (let index = 0; index < Number(values.times); index += 1) {
    const namespace = `bench-first-answer-${process.pid}-${index}`;
    samples.push(await measureOnce(kubectl, { name: values.name, namespace, timeout: values['timeout-seconds'] }));
  }
  console.log(show(samples));
}

await runFromCommandLine();
