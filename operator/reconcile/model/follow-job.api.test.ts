import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Model } from '../../../crds/schema/model.ts';
import type { TrainingJob } from '../../../crds/schema/training-job.ts';
import type { KubeObject } from '../../kube/cluster.ts';
import { eventually } from '../../kube/testing/api-server.ts';
import { OperatorUnderTest } from '../../testing/operator-under-test.ts';

type StoredJob = TrainingJob & KubeObject;
const API = 'aimass.dev/v1alpha1';
const NAMESPACE = 'team';
const MODEL = { apiVersion: API, kind: 'Model' };
const JOB = { apiVersion: API, kind: 'TrainingJob' };
const PATIENCE_MS = 30_000;
const artifactOf = (letter: string, run: number) => {
  const digest = `sha256:${letter.repeat(64)}`;
  return { uri: `oci://registry.example/team/iris@${digest}`, digest, run };
};

let world: OperatorUnderTest;
beforeAll(async () => {
  world = await OperatorUnderTest.prepare({ runtimeImage: 'runtime:1' });
  await world.startOperator();
}, 120_000);
afterAll(() => world?.stop());

const readyOf = async () => {
  const model = await world.get<Model & KubeObject>(MODEL, 'iris');
  return model?.status?.conditions?.find(({ type }) => type === 'Ready');
};
const until = (reason: string, words: string) =>
  eventually(async () => {
    const ready = await readyOf();
    return ready?.reason === reason && ready.message.includes(words) ? ready : undefined;
  }, PATIENCE_MS);

/** What the controller of TrainingJobs writes when a run is promoted; it may write itself at the same moment. */
const promote = (letter: string, run: number) =>
  eventually(async () => {
    const job = await world.get<StoredJob>(JOB, 'train');
    if (job === undefined) return undefined;
    const promoted = { ...job, status: { ...job.status, artifact: artifactOf(letter, run) } };
    return world.replace(promoted, '/status').catch(() => undefined);
  }, PATIENCE_MS);

test(
  'a Model waits for its TrainingJob, and verifies each artifact that it promotes',
  async () => {
    await world.create({
      ...MODEL,
      metadata: { name: 'iris', namespace: NAMESPACE },
      spec: { task: 'custom', source: { trainingJob: { name: 'train' } } },
    } as KubeObject);
    await until('TrainingJobMissing', '"train" does not exist');
    const spec = { image: 'trainer:1', suspend: true };
    await world.create({ ...JOB, metadata: { name: 'train', namespace: NAMESPACE }, spec } as KubeObject);
    await until('WaitingForTraining', 'it is Suspended');
    for (const [letter, run] of [
      ['a', 1],
      ['b', 2],
    ] as const) {
      await promote(letter, run);
      await until('Verifying', artifactOf(letter, run).uri);
    }
    await eventually(async () => {
      const jobs = await world.list({ apiVersion: 'batch/v1', kind: 'Job' });
      return jobs.length === 1 ? true : undefined;
    }, PATIENCE_MS);
    const model = await world.get<Model & KubeObject>(MODEL, 'iris');
    expect(model?.status?.candidate?.lineage).toMatchObject({ trainingJob: 'train', run: 2 });
    await world.removeAnyway({ ...JOB, metadata: { name: 'train', namespace: NAMESPACE } });
    await until('TrainingJobMissing', '"train" does not exist');
  },
  4 * PATIENCE_MS,
);
