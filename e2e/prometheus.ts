import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { environment, eventually, insideNetwork } from './cluster.ts';

/** The result of an instant query: the labels and the value of each series. */
export interface Sample {
  metric: Record<string, string>;
  value: number;
}

const ADDRESS = '127.0.0.1:19090';
const TARGETS = [
  { job: 'operator', label: 'app_kubernetes_io_component', value: 'operator', port: 8080 },
  { job: 'serving', label: 'aimass_dev_inference_service', value: '.+', port: 9090 },
];

/** How a platform team would scrape the pods: found through the API server, by their labels. */
const configuration = () => ({
  global: { scrape_interval: '2s', evaluation_interval: '2s' },
  scrape_configs: TARGETS.map(({ job, label, value, port }) => ({
    job_name: job,
    kubernetes_sd_configs: [{ role: 'pod', kubeconfig_file: environment.kubeconfig() }],
    relabel_configs: [
      { source_labels: [`__meta_kubernetes_pod_label_${label}`], regex: value, action: 'keep' },
      { source_labels: ['__meta_kubernetes_pod_container_init'], regex: 'true', action: 'drop' },
      {
        source_labels: ['__meta_kubernetes_pod_ip'],
        regex: '(.+)',
        target_label: '__address__',
        replacement: `$1:${port}`,
      },
      { source_labels: ['__meta_kubernetes_namespace'], target_label: 'namespace' },
      { source_labels: ['__meta_kubernetes_pod_label_aimass_dev_inference_service'], target_label: 'service' },
    ],
  })),
});

/** Starts a real Prometheus in the cluster's network. */
export async function startPrometheus() {
  const folder = mkdtempSync(join(tmpdir(), 'aimass-prometheus-'));
  const file = join(folder, 'prometheus.yml');
  writeFileSync(file, stringify(configuration()));
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
