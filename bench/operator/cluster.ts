import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { startControlPlane, type ControlPlane } from '../../hack/local-cluster/control-plane.ts';
import { startProgram, stopPrograms } from '../../hack/local-cluster/processes.ts';
import type { Resource } from './api.ts';
import { ApiClient, forEachConcurrently } from './api.ts';

const ROOT = join(import.meta.dirname, '..', '..');

/** Namespace and service account that the operator runs as. */
export const OPERATOR_NAMESPACE = 'aimass-system';
const SERVICE_ACCOUNT = 'aimass-operator';
/** The operator's name in the audit log. */
export const OPERATOR_USER = `system:serviceaccount:${OPERATOR_NAMESPACE}:${SERVICE_ACCOUNT}`;

/** A control plane with our CRDs and an identity for the operator. */
export interface BenchCluster {
  plane: ControlPlane;
  api: ApiClient;
  operatorKubeconfig: string;
  /** Makes simulated nodes whose pods are ready at once. */
  addNodes: (count: number) => Promise<void>;
  stop: () => Promise<void>;
}

/** Starts a control plane whose own limits are too high to hide an operator behind them. */
export async function startBenchCluster(): Promise<BenchCluster> {
  const plane = await startControlPlane({
    audit: true,
    controllers: true,
    // The log is rotated at 100 MB otherwise, and counts with it.
    extraApiServerFlags: ['--audit-log-maxsize=8192'],
    // Simulated nodes turn NotReady for a moment otherwise, and their pods with them.
    extraControllerManagerFlags: ['--node-monitor-grace-period=1h'],
  });
  const api = new ApiClient({ url: plane.url, token: plane.adminToken, ca: plane.caCertificate });
  const kwok: number[] = [];
  const stop = async () => {
    await stopPrograms(kwok);
    await api.close();
    await plane.stop();
  };
  try {
    await installKinds(api);
    const operatorKubeconfig = await writeOperatorKubeconfig(plane, api);
    const addNodes = async (count: number) => {
      kwok.push(startKwok(plane));
      await forEachConcurrently(
        Array.from({ length: count }, (_, index) => simulatedNode(index)),
        (node) => api.create(node),
      );
    };
    return { plane, api, operatorKubeconfig, addNodes, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function installKinds(api: ApiClient): Promise<void> {
  const files = readdirSync(join(ROOT, 'crds')).filter((name) => name.endsWith('.yaml'));
  for (const file of files) await api.create(parse(readFileSync(join(ROOT, 'crds', file), 'utf8')) as Resource);
  for (const file of files) {
    const { spec } = parse(readFileSync(join(ROOT, 'crds', file), 'utf8')) as {
      spec: { group: string; names: { plural: string } };
    };
    await untilServed(api, `/apis/${spec.group}/v1alpha1/${spec.names.plural}`);
  }
}

async function untilServed(api: ApiClient, path: string): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (
    !(await api.send('GET', path).then(
      () => true,
      () => false,
    ))
  ) {
    if (performance.now() > deadline) throw new Error(`${path} is not served after 30 s`);
    await new Promise((resolve) => {
      setTimeout(resolve, 100);
    });
  }
}

/** An account of its own, so that the audit log tells the operator from everybody else; rights are not measured here. */
async function writeOperatorKubeconfig(plane: ControlPlane, api: ApiClient): Promise<string> {
  await api.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: OPERATOR_NAMESPACE } });
  const metadata = { name: SERVICE_ACCOUNT, namespace: OPERATOR_NAMESPACE };
  await api.create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata });
  await api.send('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    metadata: { name: 'bench-operator' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'ServiceAccount', ...metadata }],
  });
  const path = `/api/v1/namespaces/${OPERATOR_NAMESPACE}/serviceaccounts/${SERVICE_ACCOUNT}/token`;
  const answer = await api.send('POST', path, { spec: { expirationSeconds: 24 * 3600 } });
  const { status } = z.object({ status: z.object({ token: z.string() }) }).parse(answer);
  const file = join(plane.folder, 'operator.kubeconfig');
  writeFileSync(file, plane.kubeconfig.replace(plane.adminToken, status.token), { mode: 0o600 });
  return file;
}

function startKwok(plane: ControlPlane): number {
  const { pid } = startProgram(plane.folder, 'kwok', [
    `--kubeconfig=${plane.kubeconfigPath}`,
    '--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake',
    '--node-lease-duration-seconds=200',
    '--cidr=10.0.0.1/8',
  ]);
  return pid;
}

function simulatedNode(index: number): Resource {
  const room = { cpu: '1000', memory: '4Ti', pods: '10000' };
  const metadata = { name: `simulated-${index}`, annotations: { 'kwok.x-k8s.io/node': 'fake' } };
  return { apiVersion: 'v1', kind: 'Node', metadata, status: { allocatable: room, capacity: room } };
}
