import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  abandonRunFolder,
  createRunFolder,
  freePorts,
  logTail,
  programPath,
  startProgram,
  stopPrograms,
  sweepDeadRuns,
  type RunningProgram,
} from './processes.ts';

/** What to start beside etcd and the API server. */
export interface ControlPlaneOptions {
  /** Writes every request to an audit log (level Metadata), the witness of what a program really did. */
  audit?: boolean;
  /** Also starts kube-controller-manager and kube-scheduler, with client rate limits too high to matter. */
  controllers?: boolean;
  extraApiServerFlags?: readonly string[];
  extraControllerManagerFlags?: readonly string[];
  readyTimeoutMs?: number;
}

/** A running control plane without nodes. */
export interface ControlPlane {
  url: string;
  /** Text of a kubeconfig with cluster-admin rights. */
  kubeconfig: string;
  kubeconfigPath: string;
  adminToken: string;
  /** Certificate authority of the API server, PEM. */
  caCertificate: string;
  etcdUrl: string;
  auditLogPath?: string;
  /** Temporary folder with logs, keys and data; gone after `stop`. */
  folder: string;
  pids: Readonly<Record<string, number>>;
  stop: () => Promise<void>;
}

interface Plan {
  folder: string;
  etcdPort: number;
  peerPort: number;
  apiPort: number;
  adminToken: string;
  options: ControlPlaneOptions;
}

/** Starts etcd and kube-apiserver on free ports of 127.0.0.1, in a temporary folder; needs no root. */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  sweepDeadRuns();
  try {
    return await startOnce(options);
  } catch (error) {
    // Between choosing a free port and binding it somebody else may have taken it.
    if (!String(error).includes('address already in use')) throw error;
    return startOnce(options);
  }
}

async function startOnce(options: ControlPlaneOptions): Promise<ControlPlane> {
  for (const name of requiredPrograms(options)) programPath(name);
  const [etcdPort = 0, peerPort = 0, apiPort = 0] = await freePorts(3);
  const folder = createRunFolder();
  const plan: Plan = { folder, etcdPort, peerPort, apiPort, adminToken: randomBytes(24).toString('hex'), options };
  const abandon = (): void => abandonRunFolder(folder);
  process.once('exit', abandon);
  const programs: RunningProgram[] = [];
  try {
    writeIdentities(plan);
    programs.push(startProgram(folder, 'etcd', etcdFlags(plan)));
    programs.push(startProgram(folder, 'kube-apiserver', apiServerFlags(plan)));
    await waitUntilReady(plan, programs);
    const kubeconfigPath = writeKubeconfig(plan);
    if (options.controllers === true) programs.push(...startControllers(plan, kubeconfigPath));
    return describe(plan, programs, async () => {
      await stopPrograms(programs.map(({ pid }) => pid).toReversed());
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
      process.off('exit', abandon);
    });
  } catch (error) {
    process.off('exit', abandon);
    await stopPrograms(programs.map(({ pid }) => pid));
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    throw error;
  }
}

const requiredPrograms = (options: ControlPlaneOptions): string[] => [
  'etcd',
  'kube-apiserver',
  ...(options.controllers === true ? ['kube-controller-manager', 'kube-scheduler'] : []),
];

function writeIdentities({ folder, adminToken }: Plan): void {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
  writeFileSync(join(folder, 'service-account.key'), privateKey, { mode: 0o600 });
  writeFileSync(join(folder, 'service-account.pub'), publicKey);
  writeFileSync(join(folder, 'tokens.csv'), `${adminToken},admin,admin,system:masters\n`, { mode: 0o600 });
  writeFileSync(
    join(folder, 'audit-policy.yaml'),
    'apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules: [{level: Metadata}]\n',
  );
}

const etcdFlags = ({ folder, etcdPort, peerPort }: Plan): string[] => [
  `--data-dir=${folder}/etcd`,
  '--unsafe-no-fsync',
  '--quota-backend-bytes=4294967296',
  `--listen-client-urls=http://127.0.0.1:${etcdPort}`,
  `--advertise-client-urls=http://127.0.0.1:${etcdPort}`,
  `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
  `--initial-advertise-peer-urls=http://127.0.0.1:${peerPort}`,
  `--initial-cluster=default=http://127.0.0.1:${peerPort}`,
];

function apiServerFlags({ folder, etcdPort, apiPort, options }: Plan): string[] {
  return [
    `--etcd-servers=http://127.0.0.1:${etcdPort}`,
    '--bind-address=127.0.0.1',
    // The `kubernetes` Service may not point to loopback; nothing uses it here, so nobody writes its endpoints.
    '--advertise-address=127.0.0.1',
    '--endpoint-reconciler-type=none',
    `--secure-port=${apiPort}`,
    `--cert-dir=${folder}/certs`,
    `--token-auth-file=${folder}/tokens.csv`,
    '--authorization-mode=RBAC',
    `--service-account-key-file=${folder}/service-account.pub`,
    `--service-account-signing-key-file=${folder}/service-account.key`,
    '--service-account-issuer=https://kubernetes.default.svc',
    '--service-cluster-ip-range=10.96.0.0/16',
    '--allow-privileged=true',
    '--max-requests-inflight=2000',
    '--max-mutating-requests-inflight=1000',
    // Without controllers nobody makes the service account `default`, and every pod would be refused.
    ...(options.controllers === true ? [] : ['--disable-admission-plugins=ServiceAccount']),
    ...(options.audit === true
      ? [`--audit-log-path=${folder}/audit.log`, `--audit-policy-file=${folder}/audit-policy.yaml`]
      : []),
    ...(options.extraApiServerFlags ?? []),
  ];
}

function startControllers({ folder, options }: Plan, kubeconfigPath: string): RunningProgram[] {
  const common = [
    `--kubeconfig=${kubeconfigPath}`,
    '--leader-elect=false',
    '--kube-api-qps=2000',
    '--kube-api-burst=4000',
    '--secure-port=0',
  ];
  const busy = [
    'deployment',
    'replicaset',
    'endpoint',
    'service-endpoint',
    'gc',
    'job',
    'horizontal-pod-autoscaler',
    'namespace',
  ];
  return [
    startProgram(folder, 'kube-controller-manager', [
      ...common,
      `--service-account-private-key-file=${folder}/service-account.key`,
      `--root-ca-file=${folder}/certs/apiserver.crt`,
      ...busy.map((name) => `--concurrent-${name}-syncs=50`),
      ...(options.extraControllerManagerFlags ?? []),
    ]),
    startProgram(folder, 'kube-scheduler', common),
  ];
}

async function waitUntilReady(
  { folder, apiPort, adminToken, options }: Plan,
  programs: readonly RunningProgram[],
): Promise<void> {
  const timeoutMs = options.readyTimeoutMs ?? 60_000;
  const deadline = Date.now() + timeoutMs;
  while (Date.now() < deadline) {
    const dead = programs.find((program) => program.ended() !== undefined);
    if (dead !== undefined)
      throw new Error(`${dead.name} ended with ${dead.ended()}; its last words:\n${logTail(dead)}`);
    if (await isReady(join(folder, 'certs', 'apiserver.crt'), apiPort, adminToken)) return;
    await sleep(50);
  }
  throw new Error(
    `the API server was not ready after ${timeoutMs / 1000} s:\n${programs.map((p) => logTail(p)).join('\n')}`,
  );
}

async function isReady(certificatePath: string, port: number, token: string): Promise<boolean> {
  if (!existsSync(certificatePath)) return false;
  const options = {
    host: '127.0.0.1',
    port,
    path: '/readyz',
    ca: readFileSync(certificatePath),
    headers: { authorization: `Bearer ${token}` },
    timeout: 2000,
  };
  return new Promise((resolve) => {
    request(options, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    })
      .on('timeout', () => resolve(false))
      .on('error', () => resolve(false))
      .end();
  });
}

function writeKubeconfig({ folder, apiPort, adminToken }: Plan): string {
  const path = join(folder, 'kubeconfig');
  const certificate = readFileSync(join(folder, 'certs', 'apiserver.crt')).toString('base64');
  const text = `apiVersion: v1
kind: Config
current-context: control-plane
clusters:
  - name: control-plane
    cluster: { server: 'https://127.0.0.1:${apiPort}', certificate-authority-data: ${certificate} }
users:
  - name: admin
    user: { token: ${adminToken} }
contexts:
  - name: control-plane
    context: { cluster: control-plane, user: admin }
`;
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

function describe(plan: Plan, programs: readonly RunningProgram[], stop: () => Promise<void>): ControlPlane {
  const kubeconfigPath = join(plan.folder, 'kubeconfig');
  return {
    url: `https://127.0.0.1:${plan.apiPort}`,
    kubeconfig: readFileSync(kubeconfigPath, 'utf8'),
    kubeconfigPath,
    adminToken: plan.adminToken,
    caCertificate: readFileSync(join(plan.folder, 'certs', 'apiserver.crt'), 'utf8'),
    etcdUrl: `http://127.0.0.1:${plan.etcdPort}`,
    ...(plan.options.audit === true ? { auditLogPath: join(plan.folder, 'audit.log') } : {}),
    folder: plan.folder,
    pids: Object.fromEntries(programs.map(({ name, pid }) => [name, pid])),
    stop,
  };
}

async function runFromCommandLine(): Promise<void> {
  const flags = new Set(process.argv.slice(2));
  const controlPlane = await startControlPlane({
    audit: flags.has('--audit'),
    controllers: flags.has('--controllers'),
  });
  const held = setInterval(() => undefined, 60_000);
  const end = (): void => {
    clearInterval(held);
    void controlPlane.stop();
  };
  // Before anybody is told that it is up: who is told may end it at once.
  process.once('SIGINT', end).once('SIGTERM', end);
  console.log(controlPlane.kubeconfig);
  console.error(`export KUBECONFIG=${controlPlane.kubeconfigPath}   (up until Ctrl-C; flags: --audit --controllers)`);
}

if (import.meta.main) await runFromCommandLine();
