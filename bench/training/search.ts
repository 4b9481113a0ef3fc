import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { freePorts } from '../../hack/local-cluster/processes.ts';
import type { Resource } from '../operator/api.ts';
import type { Requests } from '../operator/audit-log.ts';
import { startOperator } from '../operator/operator-process.ts';
import type { Bench } from '../operator/services.ts';
import { isReady } from '../operator/template.ts';
import { Tracker } from '../operator/tracker.ts';
import { addPlainNode, endPods } from './kubelet.ts';

/** A search whose trials take no time: what is left is the platform. */
export interface SearchFigures {
  trials: number;
  seconds: number;
  trialsPerSecond: number;
  requests: Requests;
  operatorPeakMemoryMiB: number;
  operatorCpuMsPerTrial: number;
  best: number;
}

const TOOLKIT = join(import.meta.dirname, '..', '..', 'hack', 'toolkit-test.sh');
const NAMESPACE = 'search';

/** The real suggest service, in the toolkit image; gives its address and what ends it. */
async function startSuggest(): Promise<{ url: string; stop: () => void }> {
  const [port = 0] = await freePorts(1);
  const args = ['--shell', 'python3', '-m', 'aimass_toolkit', 'suggest', '--host', '127.0.0.1', '--port', String(port)];
  const child = spawn(TOOLKIT, args, { stdio: ['ignore', 'ignore', 'inherit'], detached: true });
  const isOver = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const stop = (): void => {
    process.off('exit', stop);
    // Its group: the script and what it runs.
    if (child.pid !== undefined && !isOver()) process.kill(-child.pid, 'SIGTERM');
  };
  process.once('exit', stop);
  const url = `http://127.0.0.1:${port}`;
  for (let attempt = 0; attempt < 240; attempt += 1) {
    const answered = await fetch(`${url}/healthz`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (answered) return { url, stop };
    await sleep(250);
  }
  stop();
  throw new Error('the suggest service does not answer');
}

const searchJob = (trials: number): Resource => ({
  apiVersion: 'aimass.dev/v1alpha1',
  kind: 'TrainingJob',
  metadata: { name: 'search', namespace: NAMESPACE },
  spec: {
    image: 'registry.example/trainer:1',
    search: {
      algorithm: 'tpe',
      objective: { metric: 'loss', goal: 'minimize' },
      parameters: [
        { name: 'x', type: 'float', min: 0, max: 1 },
        { name: 'y', type: 'float', min: 0.001, max: 10, log: true },
      ],
      maxTrials: trials,
      parallelTrials: 10,
    },
  },
});

const searched = z.object({
  trials: z.object({ total: z.number(), best: z.object({ value: z.number() }) }),
});

/** Runs one search of so many trials. The cluster must have no simulated nodes yet. */
export async function measureSearch(bench: Omit<Bench, 'template'>, trials: number): Promise<SearchFigures> {
  const { cluster, audit, say, timeoutMs } = bench;
  const { api } = cluster;
  say('search: the suggest service');
  const suggest = await startSuggest();
  const program = { ...bench.program, settings: { training: { suggestUrl: suggest.url } } };
  const operator = await startOperator(cluster, audit, program);
  await addPlainNode(api, 'plain');
  await api.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
  const kubelet = endPods(api, NAMESPACE, ({ x = 0, y = 0 }) => ({ loss: (x - 0.3) ** 2 + Math.log10(y) ** 2 }));
  const jobs = new Tracker(api, await api.collection('aimass.dev/v1alpha1', 'TrainingJob', NAMESPACE), isReady);
  try {
    await operator.settle(timeoutMs);
    say(`search: ${trials} trials, 10 at once`);
    const before = { position: audit.position(), cpu: operator.cpuMs() };
    const startedAt = performance.now();
    const job = await api.create(searchJob(trials));
    await jobs.until(({ passedAt }) => passedAt.size > 0, timeoutMs);
    const seconds = (performance.now() - startedAt) / 1000;
    const requests = await audit.since(before.position);
    const { status } = jobs.present.get('search') ?? job;
    const found = searched.parse(status).trials;
    if (found.total !== trials) throw new Error(`the search made ${found.total} trials, not ${trials}`);
    return {
      trials,
      seconds,
      trialsPerSecond: trials / seconds,
      requests,
      operatorPeakMemoryMiB: operator.peakMemoryMiB(),
      operatorCpuMsPerTrial: (operator.cpuMs() - before.cpu) / trials,
      best: found.best.value,
    };
  } finally {
    jobs.stop();
    kubelet.stop();
    await operator.stop();
    suggest.stop();
  }
}
