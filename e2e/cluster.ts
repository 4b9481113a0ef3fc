import { execFile, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import type { Condition } from '../crds/schema/shared.ts';

const run = promisify(execFile);

/** Any object as kubectl prints it; tests read what they expect and fail where it is absent. */
export interface Live {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace: string;
    uid: string;
    generation: number;
    resourceVersion: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
  spec: Record<string, unknown>;
  status?: Record<string, unknown> & { conditions?: Condition[]; observedGeneration?: number; waitingFor?: string };
}

const setting = (name: string): string => {
  const value = process.env[name];
  if (value === undefined || value === '')
    throw new Error(`${name} is not set; run these tests with "npm run test:e2e"`);
  return value;
};

/** Where the cluster under test is: set by `npm run test:e2e`. */
export const environment = {
  kubeconfig: () => setting('KUBECONFIG'),
  /** Address of this machine as pods of the cluster see it. */
  hostAddress: () => setting('AIMASS_E2E_HOST_ADDRESS'),
  /** The cluster's own command, to run things inside its network. */
  clusterName: () => setting('AIMASS_E2E_CLUSTER'),
  release: () => setting('AIMASS_E2E_RELEASE_NAMESPACE'),
};

const cache = process.env.AIMASS_CACHE ?? join(homedir(), '.cache', 'aimass');
const programs = join(cache, 'bin');

/** Path of a cluster program: our own build, else whatever is on the PATH. */
const program = (name: string): string => (existsSync(join(programs, name)) ? join(programs, name) : name);

/** Runs kubectl; `input` goes to its standard input. Rejects with what it printed. */
export function kubectl(args: readonly string[], input?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program('kubectl'), args, { env: { ...process.env, KUBECONFIG: environment.kubeconfig() } });
    let out = '';
    let problems = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (problems += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? resolve(out) : reject(new Error(`kubectl ${args.join(' ')}: ${problems.trim() || out.trim()}`)),
    );
    child.stdin.end(input ?? '');
  });
}

/** Runs Helm against the release under test. */
export async function helm(...args: string[]): Promise<string> {
  const { stdout } = await run(program('helm'), [...args, '-n', environment.release()], {
    env: { ...process.env, KUBECONFIG: environment.kubeconfig() },
  });
  return stdout;
}

/** Kills all operators, as a lost node would. */
export function killOperators(): Promise<string> {
  const operators = ['-n', environment.release(), '-l', 'app.kubernetes.io/component=operator'];
  return kubectl(['delete', 'pods', ...operators, '--force', '--grace-period=0']);
}

/** Gives an image of the node a second name, as if it had been pulled from elsewhere. */
export async function tagImage(image: string, alias: string): Promise<void> {
  const socket = join(cache, 'clusters', environment.clusterName(), 'containerd.sock');
  await run('ctr', ['-a', socket, '-n', 'k8s.io', 'images', 'tag', '--force', image, alias]);
}

/** Applies manifests, as a user would: client-side, strict about unknown fields. */
export const apply = (...manifests: readonly object[]): Promise<string> =>
  kubectl(['apply', '-f', '-'], manifests.map((manifest) => stringify(manifest)).join('---\n'));

/** Reads one object; undefined when it does not exist. */
export async function get(kind: string, name: string, namespace: string): Promise<Live | undefined> {
  const text = await kubectl(['get', kind, name, '-n', namespace, '-o', 'json', '--ignore-not-found']);
  return text.trim() === '' ? undefined : (JSON.parse(text) as Live);
}

/** Lists objects, optionally by label selector. */
export async function list(kind: string, namespace: string, selector?: string): Promise<Live[]> {
  const text = await kubectl(['get', kind, '-n', namespace, '-o', 'json', ...(selector ? ['-l', selector] : [])]);
  return (JSON.parse(text) as { items: Live[] }).items;
}

/** Waits until `look` gives something, and says what was last seen when it does not. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined | false>,
  { seconds = 120, describe }: { seconds?: number; describe?: () => Promise<string> } = {},
): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  let last: unknown;
  while (Date.now() < deadline) {
    try {
      const seen = await look();
      if (seen !== undefined && seen !== false) return seen;
      last = undefined;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  const seen = describe === undefined ? '' : `; last seen: ${await describe()}`;
  throw new Error(`${what}: not within ${seconds} s${seen}${last instanceof Error ? `; ${last.message}` : ''}`);
}

/** A condition of an object. */
export const condition = (object: Live | undefined, type: string): Condition | undefined =>
  object?.status?.conditions?.find((candidate) => candidate.type === type);

/** Waits for a condition that was decided for the object's present generation. */
export function untilCondition(
  kind: string,
  name: string,
  wanted: { namespace: string; type?: string; status?: string; reason?: string; seconds?: number },
): Promise<Live> {
  const type = wanted.type ?? 'Ready';
  return eventually(
    `${kind} ${wanted.namespace}/${name} ${type}=${wanted.status ?? 'True'} ${wanted.reason ?? ''}`,
    async () => {
      const object = await get(kind, name, wanted.namespace);
      const found = condition(object, type);
      const current = object !== undefined && object.status?.observedGeneration === object.metadata.generation;
      const fits =
        found?.status === (wanted.status ?? 'True') && (wanted.reason === undefined || found.reason === wanted.reason);
      return current && fits ? object : undefined;
    },
    {
      seconds: wanted.seconds ?? 180,
      describe: async () =>
        JSON.stringify((await get(kind, name, wanted.namespace))?.status?.conditions ?? 'no status'),
    },
  );
}

/** A namespace that refuses pods below Pod Security "restricted"; `remove` deletes it and waits until it is gone. */
export async function createNamespace(name: string): Promise<{ name: string; remove: () => Promise<void> }> {
  await kubectl(['delete', 'namespace', name, '--ignore-not-found', '--wait=true']);
  const labels = Object.fromEntries(
    ['enforce', 'warn', 'audit'].map((mode) => [`pod-security.kubernetes.io/${mode}`, 'restricted']),
  );
  await apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });
  return {
    name,
    remove: async () => {
      await kubectl(['delete', 'namespace', name, '--wait=true', '--timeout=120s']);
    },
  };
}

/** Runs a program inside the cluster's network, where service addresses and names work. */
export async function insideNetwork(command: readonly string[], seconds = 60): Promise<string> {
  const { stdout } = await run('nsenter', [`--net=/run/netns/aimass-${environment.clusterName()}`, ...command], {
    timeout: seconds * 1000,
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout;
}

/** The cluster address of a Service. */
export async function clusterAddress(service: string, namespace: string): Promise<string> {
  const object = await get('service', service, namespace);
  if (object === undefined) throw new Error(`no Service ${namespace}/${service}`);
  return String(object.spec.clusterIP);
}

const CURL_COULD_NOT_CONNECT = 7;

/** Runs curl. kube-proxy learns of a ready pod a moment after the API server does; until then its Service refuses connections. */
async function connecting(curl: readonly string[], attempts = 10): Promise<string> {
  try {
    return await insideNetwork(curl);
  } catch (error) {
    if ((error as { code?: unknown }).code !== CURL_COULD_NOT_CONNECT || attempts === 1) throw error;
    await new Promise((resolve) => setTimeout(resolve, 500));
    return connecting(curl, attempts - 1);
  }
}

/** One HTTP request from inside the cluster's network. */
export async function request(url: string, body?: unknown): Promise<{ status: number; body: unknown }> {
  const data =
    body === undefined ? [] : ['-H', 'content-type: application/json', '--data-binary', JSON.stringify(body)];
  const command = ['curl', '-sS', '-m', '20', '-w', '\n%{http_code}', ...data, url];
  const text = await connecting(command);
  const cut = text.lastIndexOf('\n');
  const answer = text.slice(0, cut);
  return { status: Number(text.slice(cut + 1)), body: answer === '' ? undefined : JSON.parse(answer) };
}

/** Stops (SIGSTOP) the processes of a container from outside, so that it hangs as a stuck program would. */
export function freeze(pod: Live, container: string): void {
  const { containerStatuses = [] } = (pod.status ?? {}) as {
    containerStatuses?: { name: string; containerID: string }[];
  };
  const id = containerStatuses.find(({ name }) => name === container)?.containerID.replace('containerd://', '');
  if (id === undefined) throw new Error(`pod ${pod.metadata.name} has no running container ${container}`);
  const inContainer = (pid: string): boolean => {
    try {
      return readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(id);
    } catch {
      return false; // it has ended meanwhile
    }
  };
  const pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry) && inContainer(entry));
  if (pids.length === 0) throw new Error(`container ${container} of ${pod.metadata.name} has no process here`);
  for (const pid of pids) process.kill(Number(pid), 'SIGSTOP');
}
