/** Prints a verified, autoscaled model as YAML: `node cdk8s/examples/iris.ts | kubectl apply -f -`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApiObject, App, Chart } from 'cdk8s';
import { InferenceService } from '../l2/inference-service.ts';
import { Model } from '../l2/model.ts';

const library = join(import.meta.dirname, '../../library');
const registry = process.env.AIMASS_REGISTRY ?? 'aimass-registry.aimass-system.svc:5000';
const { iris } = JSON.parse(readFileSync(join(library, 'index.json'), 'utf8')) as {
  iris: { repository: string; digest: string };
};

const app = new App();
const chart = new Chart(app, 'iris');

const golden = new ApiObject(chart, 'golden', {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'iris-from-cdk8s-golden' },
  data: { 'golden.json': readFileSync(join(library, 'iris/golden.json'), 'utf8') },
});

const model = Model.fromOci(chart, 'iris-from-cdk8s', {
  task: 'tabular-classification',
  artifact: `${registry}/${iris.repository}@${iris.digest}`,
  card: { summary: 'Tells three kinds of iris apart by four measures.', license: 'Apache-2.0', tags: ['flowers'] },
})
  .verifyAgainst(golden)
  .keepVerified('24h')
  .answersWithin(50);

InferenceService.serving(chart, 'iris-from-cdk8s-service', model)
  .withResources({ requests: { cpu: '100m', memory: '256Mi' }, limits: { memory: '1Gi' } })
  .scaleBetween(1, 3)
  .onCpu(70);

console.log(app.synthYaml());
