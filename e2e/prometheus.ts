import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { environment, eventually, insideNetwork, list } from './cluster.ts';

/** The result of an instant query: the labels and the value of each series. */
export interface Sample {
  metric: Record<string, string>;
  value: number;
}

const ADDRESS = '127.0.0.1:19090';

/** Where to find metrics: the pods of a namespace with a label, on a port. */
export interface Target {
  job: string;
  namespace: string;
  selector: string;
  port: number;
}

/** One job a target, with the addresses that its pods have now: Debian builds Prometheus without its Kubernetes discovery. */
async function scrapeConfiguration({ job, namespace, selector, port }: Target) {
  const addresses = (await list('pods', namespace, selector)).map(({ status }) => {
    const { podIP } = status as unknown as { podIP: string };
    return `${podIP}:${port}`;
  });
  return { job_name: job, static_configs: [{ targets: addresses, labels: { namespace } }] };
}

/** Starts a real Prometheus in the cluster's network. */
export async function startPrometheus(targets: readonly Target[]) {
  const folder = mkdtempSync(join(tmpdir(), 'aimass-prometheus-'));
  const file = join(folder, 'prometheus.yml');
  const jobs = await Promise.all(targets.map(scrapeConfiguration));
  writeFileSync(file, stringify({ global: { scrape_interval: '2s' }, scrape_configs: jobs }));
  const args = [
    `--config.file=${file}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=${ADDRESS}`,
  ];
  const child = spawn('nsenter', [`--net=/run/netns/aimass-${environment.clusterName()}`, 'prometheus', ...args], {
    stdio: 'ignore',
  });
  const ask = (path: string) => insideNetwork(['curl', '-sSf', '-m', '10', `http://${ADDRESS}${path}`]);
  await eventually('Prometheus is ready', async () => (await ask('/-/ready')).includes('Ready'), { seconds: 30 });
  return {
    /** Asks for the present value of an expression. */
    query: async (expression: string): Promise<Sample[]> => {
      const answer = JSON.parse(await ask(`/api/v1/query?query=${encodeURIComponent(expression)}`)) as {
        data: { result: { metric: Record<string, string>; value: [number, string] }[] };
      };
      return answer.data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
    },
    stop: async (): Promise<void> => {
      const ended = new Promise((resolve) => child.on('close', resolve));
      child.kill();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
