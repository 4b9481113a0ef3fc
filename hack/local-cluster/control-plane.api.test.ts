import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startControlPlane, type ControlPlane } from './control-plane.ts';
import { programPath } from './processes.ts';

const kubectl = (plane: ControlPlane, args: readonly string[], input = ''): string =>
  execFileSync(programPath('kubectl'), [`--kubeconfig=${plane.kubeconfigPath}`, ...args], { encoding: 'utf8', input });

const isAlive = (pid: number): boolean =>
  existsSync(`/proc/${pid}/cmdline`) && readFileSync(`/proc/${pid}/cmdline`).length > 0;

describe('a control plane with audit log', () => {
  let plane: ControlPlane;
  beforeAll(async () => {
    plane = await startControlPlane({ audit: true });
  });
  afterAll(() => plane.stop());

  test('answers an administrator, and accepts a pod although no controller runs', () => {
    expect(kubectl(plane, ['auth', 'can-i', '*', '*']).trim()).toBe('yes');
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p' },
      spec: { containers: [{ name: 'c', image: 'i' }] },
    };
    expect(kubectl(plane, ['create', '-f', '-'], JSON.stringify(pod))).toContain('pod/p created');
  });

  test('writes each request to the audit log once', () => {
    kubectl(plane, ['create', 'configmap', 'witness']);
    const lines = readFileSync(plane.auditLogPath ?? '', 'utf8')
      .trim()
      .split('\n');
    const creates = lines
      .map((line) => JSON.parse(line) as { verb: string; objectRef?: { name?: string } })
      .filter(({ verb, objectRef }) => verb === 'create' && objectRef?.name === 'witness');
    expect(creates).toHaveLength(1);
  });

  test('stands beside a second one', async () => {
    const second = await startControlPlane();
    kubectl(second, ['create', 'configmap', 'only-here']);
    expect(kubectl(plane, ['get', 'configmap', 'only-here', '--ignore-not-found']).trim()).toBe('');
    await second.stop();
    expect(existsSync(second.folder)).toBe(false);
    expect(Object.values(second.pids).filter(isAlive)).toEqual([]);
    expect(Object.values(plane.pids).filter(isAlive)).toHaveLength(2);
  });
});

test('controllers turn a Deployment into pods', async () => {
  const plane = await startControlPlane({ controllers: true });
  try {
    kubectl(plane, ['create', 'deployment', 'd', '--image=i']);
    kubectl(plane, ['wait', 'deployment/d', '--for=jsonpath={.status.replicas}=1', '--timeout=30s']);
  } finally {
    await plane.stop();
  }
});

test('the next start cleans up after an owner that was killed', async () => {
  // In a temporary folder of its own: a test that starts beside this one would clean up first.
  const TMPDIR = mkdtempSync(join(tmpdir(), 'aimass-sweep-'));
  const start = async () => {
    const owner = spawn(process.execPath, [join(import.meta.dirname, 'control-plane.ts')], {
      env: { ...process.env, TMPDIR },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const [output] = (await once(owner.stderr, 'data')) as [Buffer];
    return { owner, folder: /KUBECONFIG=(\S+)\/kubeconfig/.exec(output.toString())?.[1] ?? '' };
  };
  const end = async (owner: ChildProcess, signal: NodeJS.Signals): Promise<void> => {
    owner.kill(signal);
    await once(owner, 'exit');
  };
  const { owner, folder } = await start();
  const pids = ['etcd', 'kube-apiserver'].map((name) => Number(readFileSync(join(folder, `${name}.pid`), 'utf8')));
  await end(owner, 'SIGKILL');
  expect(pids.filter(isAlive)).toHaveLength(2);
  await end((await start()).owner, 'SIGTERM');
  expect(existsSync(folder)).toBe(false);
  expect(pids.filter(isAlive)).toEqual([]);
  rmSync(TMPDIR, { recursive: true });
});

test('programs that have not been built are reported with the remedy', async () => {
  const before = process.env.AIMASS_CACHE;
  process.env.AIMASS_CACHE = '/nonexistent';
  try {
    await expect(startControlPlane()).rejects.toThrow('run hack/local-cluster/build.sh');
  } finally {
    if (before === undefined) delete process.env.AIMASS_CACHE;
    else process.env.AIMASS_CACHE = before;
  }
});
