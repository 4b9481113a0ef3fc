import { join } from 'node:path';
import type { Cluster } from './clusters.ts';
import { TRAINING_IMAGES, installChart, kubectl, provideImages, withPortForward, type Images } from './product.ts';
import { step } from './progress.ts';
import { PROJECT } from './programs.ts';
import { pushTutorialData } from './tutorial-data.ts';
import { waitUntilReady } from './watch.ts';

const TUTORIAL = join('docs', 'tutorials', 'training', 'recipe', 'job.yaml');

/** Two customers as the model takes them: raw, and one with a value missing. */
const CUSTOMERS = { age: [40, 25], months: [70, 2], fee: [20, null], plan: ['pro', null], region: ['east', 'north'] };

/** Adds training to an installation, trains the model of the first tutorial, and asks it something. */
export async function showTraining(cluster: Cluster, serving: Images, namespace: string): Promise<void> {
  const toolkit = await step('build the toolkit image and load it (downloads about 500 MB the first time)', (say) =>
    provideImages(cluster, TRAINING_IMAGES, say),
  );
  await step('add training to the installation', (say) =>
    installChart(cluster, { images: { ...serving, ...toolkit } }, say),
  );
  await step('push the data of the tutorials to the registry in the cluster', (say) => pushTutorialData(cluster, say));
  await step(
    `kubectl apply -n ${namespace} -f ${TUTORIAL}, and wait until the trained model is served`,
    async (say) => {
      await kubectl(cluster, ['apply', '-n', namespace, '-f', join(PROJECT, TUTORIAL)]);
      for (const kind of ['trainingjob', 'inferenceservice'])
        await waitUntilReady(cluster, { kind, name: 'churn', namespace, seconds: 600 }, say);
    },
  );
  const target = { namespace, service: 'churn', port: 80 };
  const answers = await step('ask the model about two customers', () =>
    withPortForward(cluster, target, async (address) => {
      const body = JSON.stringify({ inputs: { data: CUSTOMERS } });
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(`http://${address}/models/churn`, { method: 'POST', headers, body });
      if (!response.ok) throw new Error(`the model answered ${response.status}: ${await response.text()}`);
      return (await response.json()) as string[];
    }),
  );
  console.log(
    `\n  Will they leave? 70 months with us, plan pro: ${answers[0]}; 2 months, plan unknown: ${answers[1]}\n`,
  );
}

/** What to look at after training. */
export const trainingLines = (namespace: string): string[] => [
  `kubectl get trainingjobs -n ${namespace} -o wide`,
  `kubectl get trainingjob churn -n ${namespace} -o yaml       # stages, progress, metrics, digests`,
  'docs/tutorials/training                                      # own code, several workers, search, fine-tuning',
];
