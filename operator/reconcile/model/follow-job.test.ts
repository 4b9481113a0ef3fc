import { beforeEach, describe, expect, test } from '@jest/globals';
import type { TrainingJobStatus } from '../../../crds/schema/training/status.ts';
import { FETCHED, ModelWorld, VERIFIED } from './testing.ts';

const digestOf = (letter: string): string => `sha256:${letter.repeat(64)}`;
const uriOf = (letter: string): string => `oci://registry.example/team/iris@${digestOf(letter)}`;
const published = (letter: string, run = 1): TrainingJobStatus => ({
  phase: 'Succeeded',
  run: { number: run, specHash: 'h', startedAt: '2026-01-01T00:00:00Z' },
  data: [{ name: 'train', digest: digestOf('f'), sizeBytes: 3 }],
  baseModel: { name: 'resnet', digest: digestOf('e') },
  artifact: { uri: uriOf(letter), digest: digestOf(letter), run },
});
const failed = { ok: false, reason: 'TaskMismatch', message: 'Other tensors.', retryable: false };
const FOLLOWING = { source: { trainingJob: { name: 'train' } } };

let world: ModelWorld;
beforeEach(() => {
  world = new ModelWorld();
});

/** The next artifact of the job, verified. */
async function take(letter: string, run = 1): Promise<void> {
  world.reportTraining(published(letter, run));
  await world.reconcile();
  world.now += 60_000;
  world.endPod({ fetch: { ...FETCHED, digest: digestOf(letter) }, verify: VERIFIED });
  await world.reconcile();
}

async function settle(): Promise<void> {
  world.createTrainingJob();
  world.createModel(FOLLOWING);
  await world.reconcile();
  await take('a');
}

const argumentsOf = (): string[] => {
  const spec = world.runningJob().spec as { template: { spec: { initContainers: { args: string[] }[] } } };
  return spec.template.spec.initContainers[0]?.args ?? [];
};

describe('a Model that follows a TrainingJob', () => {
  test('waits for it with words that name its state, and a second pass writes nothing', async () => {
    world.createTrainingJob();
    world.createModel(FOLLOWING);
    await world.reconcile();
    expect(world.conditions()).toBe('Ready=False WaitingForTraining, Reconciling=True WaitingForTraining');
    expect(world.message()).toBe('TrainingJob "train" has not published a model yet; it is Pending.');
    world.reportTraining({ phase: 'Training' });
    await world.reconcile();
    expect(world.message()).toContain('it is Training.');
    world.cluster.writes.length = 0;
    expect(await world.reconcile()).toEqual({});
    expect(world.cluster.writes).toEqual([]);
    expect(world.jobs()).toEqual([]);
  });

  test('stalls with a job that has failed, in the words of the job', async () => {
    world.createTrainingJob();
    world.createModel(FOLLOWING);
    const condition = { status: 'True', reason: 'ThresholdNotMet', message: 'accuracy is 0.91.' } as const;
    const lastTransitionTime = '2026-01-01T00:00:00Z';
    const stalled = { type: 'Stalled', ...condition, lastTransitionTime, observedGeneration: 1 };
    world.reportTraining({ phase: 'Failed', observedGeneration: 1, conditions: [stalled] });
    await world.reconcile();
    expect(world.conditions()).toBe('Ready=False WaitingForTraining, Stalled=True WaitingForTraining');
    expect(world.message()).toContain('it is Failed. accuracy is 0.91.');
  });

  test('whose job does not exist waits for it, and after two minutes needs a person until it comes', async () => {
    world.createModel(FOLLOWING);
    expect(await world.reconcile()).toEqual({ requeueAfterMs: 120_000 });
    expect(world.conditions()).toBe('Ready=False TrainingJobMissing, Reconciling=True TrainingJobMissing');
    world.now += 120_000;
    world.restart();
    expect(await world.reconcile()).toEqual({});
    expect(world.conditions()).toBe('Ready=False TrainingJobMissing, Stalled=True TrainingJobMissing');
    expect(world.message()).toContain('correct spec.source.trainingJob.name');
    world.now += 1000;
    world.cluster.writes.length = 0;
    await world.reconcile();
    expect(world.cluster.writes).toEqual([]);
    world.createTrainingJob();
    await world.reconcile();
    expect(world.conditions()).toBe('Ready=False WaitingForTraining, Reconciling=True WaitingForTraining');
  });

  test('verifies what the job published, by its digest, and says what it was made from', async () => {
    await settle();
    expect(world.conditions()).toBe('Ready=True Verified');
    const { current, lineage } = world.status();
    expect(current).toMatchObject({ uri: uriOf('a'), digest: digestOf('a') });
    expect(lineage).toEqual({
      trainingJob: 'train',
      run: 1,
      dataDigests: [{ name: 'train', digest: digestOf('f') }],
      baseModel: { name: 'resnet', digest: digestOf('e') },
    });
    world.cluster.writes.length = 0;
    expect(await world.reconcile()).toEqual({});
    expect(world.cluster.writes).toEqual([]);
  });

  test('takes the next artifact once it is verified, and keeps the one before until then', async () => {
    await settle();
    world.reportTraining(published('b', 2));
    await world.reconcile();
    expect(world.conditions()).toBe('Ready=False Verifying, Reconciling=True Verifying');
    expect(world.status()).toMatchObject({ current: { uri: uriOf('a') }, candidate: { uri: uriOf('b') } });
    expect(world.status().lineage?.run).toBe(1);
    expect(argumentsOf()).toEqual(expect.arrayContaining(['--uri', uriOf('b')]));
    world.endPod({ fetch: FETCHED, verify: VERIFIED });
    await world.reconcile();
    expect(world.status()).toMatchObject({ current: { uri: uriOf('b') }, lineage: { run: 2 } });
    expect(world.status().candidate).toBeUndefined();
  });

  test('keeps what is verified when the next artifact fails', async () => {
    await settle();
    world.reportTraining(published('b', 2));
    await world.reconcile();
    world.endPod({ fetch: failed });
    await world.reconcile();
    expect(world.conditions()).toBe('Ready=False TaskMismatch, Stalled=True TaskMismatch');
    expect(world.message()).toContain('keeps serving');
    expect(world.status()).toMatchObject({ current: { uri: uriOf('a') }, lineage: { run: 1 } });
    await take('c', 3);
    expect(world.conditions()).toBe('Ready=True Verified');
    expect(world.status().lineage?.run).toBe(3);
  });

  test('stays Ready when the job is deleted, and when one of that name has published nothing yet', async () => {
    await settle();
    world.deleteTrainingJob();
    world.cluster.writes.length = 0;
    await world.reconcile();
    expect(world.conditions()).toBe('Ready=True Verified');
    world.createTrainingJob();
    await world.reconcile();
    expect(world.conditions()).toBe('Ready=True Verified');
    expect(world.cluster.writes).toEqual([]);
  });

  test('is verified again without the job, and keeps its lineage', async () => {
    await settle();
    world.deleteTrainingJob();
    world.settings = { ...world.settings, runtimeImage: 'runtime:2' };
    await world.reconcile();
    expect(argumentsOf()).toEqual(expect.arrayContaining(['--uri', uriOf('a')]));
    world.endPod({ fetch: FETCHED, verify: VERIFIED });
    await world.reconcile();
    expect(world.status()).toMatchObject({ current: { verifiedWith: 'runtime:2' }, lineage: { run: 1 } });
    expect(world.status().lineage?.dataDigests).toHaveLength(1);
  });

  test('that follows another job waits for that, while services keep what is verified', async () => {
    await settle();
    world.createTrainingJob(undefined, 'other');
    world.editSpec((spec) => (spec.source = { trainingJob: { name: 'other' } }));
    await world.reconcile();
    expect(world.conditions()).toBe('Ready=False WaitingForTraining, Reconciling=True WaitingForTraining');
    expect(world.message()).toMatch(/"other".*keeps serving/);
    expect(world.status()).toMatchObject({ current: { uri: uriOf('a') }, lineage: { trainingJob: 'train' } });
  });

  test('that gets a uri of its own has no lineage once that is verified', async () => {
    await settle();
    world.editSpec((spec) => (spec.source = { uri: 'https://host/b.onnx' }));
    await world.reconcile();
    world.endPod({ fetch: FETCHED, verify: VERIFIED });
    await world.reconcile();
    expect(world.status().current?.uri).toBe('https://host/b.onnx');
    expect(world.status().lineage).toBeUndefined();
  });

  test('does not start what is no longer wanted: a job that goes takes its first artifact along', async () => {
    world.createTrainingJob();
    world.createModel(FOLLOWING);
    world.reportTraining(published('a'));
    await world.reconcile();
    expect(world.jobs()).toHaveLength(1);
    world.deleteTrainingJob();
    await world.reconcile();
    expect(world.jobs()).toEqual([]);
    expect(world.status().candidate).toBeUndefined();
    expect(world.conditions()).toContain('TrainingJobMissing');
  });

  test.each([
    { name: 'those of the job', own: undefined, want: 'registry-login' },
    { name: 'those of the Model before them', own: { secretName: 'mine' }, want: 'mine' },
  ])('logs in with $name', async ({ own, want }) => {
    world.createTrainingJob({
      convert: 'onnx',
      tflite: false,
      credentials: { secretName: 'registry-login' },
      caBundle: { name: 'ca', key: 'ca.crt' },
    });
    world.createModel({ ...FOLLOWING, ...(own && { credentials: own }) });
    await take('a');
    expect(world.status().current).toMatchObject({ credentials: { secretName: want }, caBundle: { name: 'ca' } });
  });

  test('tells of the data of its own run only, not of one that goes on', async () => {
    world.createTrainingJob();
    world.createModel(FOLLOWING);
    const { artifact, ...other } = published('a', 2);
    world.reportTraining({ ...other, ...(artifact && { artifact: { ...artifact, run: 1 } }) });
    await world.reconcile();
    expect(world.status().candidate?.lineage).toEqual({ trainingJob: 'train', run: 1 });
  });
});
