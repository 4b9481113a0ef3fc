import { describe, expect, test } from '@jest/globals';
import type { StageName } from '../../../crds/schema/training/status.ts';
import { decideAttempt } from './attempt.ts';
import type { Job, Pod } from './observed.ts';

const now = new Date('2026-01-01T01:00:00Z');

const job = (spec: object = { completions: 2 }, conditions: object[] = []): Job =>
  ({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'j', namespace: 'n' },
    spec,
    status: { conditions },
  }) as Job;

const condition = (type: string, reason = '') => ({ type, status: 'True', reason });

interface Shape {
  index?: number;
  phase?: string;
  exitCode?: number;
  reason?: string;
  message?: string;
  at?: string;
  disruption?: string;
  deletedAt?: string;
  grace?: number;
  podReason?: string;
  helper?: number;
}

const deletion = ({ deletedAt, grace = 0 }: Shape): object =>
  deletedAt === undefined ? {} : { deletionTimestamp: deletedAt, deletionGracePeriodSeconds: grace };

const pod = ({ index = 0, phase = 'Running', exitCode, at = '2026-01-01T00:30:00Z', ...more }: Shape = {}): Pod =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `j-${index}`,
      namespace: 'n',
      labels: { 'batch.kubernetes.io/job-completion-index': String(index) },
      ...deletion(more),
    },
    spec: { nodeName: `node-${index}`, containers: [{ name: 'train', resources: { limits: { memory: '1Gi' } } }] },
    status: {
      phase,
      ...(more.podReason === undefined ? {} : { reason: more.podReason, message: 'low on memory' }),
      conditions: more.disruption === undefined ? [] : [condition('DisruptionTarget', more.disruption)],
      initContainerStatuses:
        more.helper === undefined ? [] : [{ name: 'scheduler', state: { terminated: { exitCode: more.helper } } }],
      containerStatuses: [
        {
          name: 'train',
          state:
            exitCode === undefined
              ? { running: {} }
              : { terminated: { exitCode, finishedAt: at, reason: more.reason, message: more.message } },
        },
      ],
    },
  }) as Pod;

const decide = (made: Job | undefined, pods: Pod[], stage: StageName = 'train') =>
  decideAttempt({ stage, job: made, pods, now });

const good = { phase: 'Succeeded', exitCode: 0 };

describe('a training', () => {
  test.each<{ name: string; made?: Job | undefined; pods: Pod[]; want: object }>([
    { name: 'without a Job is missing', made: undefined, pods: [], want: { state: 'missing' } },
    {
      name: 'held by a queue waits, whatever its pods did',
      made: job({ completions: 1, suspend: true }),
      pods: [pod({ phase: 'Failed', exitCode: 143 })],
      want: { state: 'held' },
    },
    { name: 'runs', pods: [pod(), pod({ index: 1 })], want: { state: 'running', running: 2, started: 2, wanted: 2 } },
    {
      name: 'of which one is done runs',
      pods: [pod(), pod({ index: 1, ...good })],
      want: { state: 'running', running: 1, started: 2 },
    },
    {
      name: 'of which all are done has succeeded, before the Job says so',
      pods: [pod(good), pod({ index: 1, ...good })],
      want: { state: 'succeeded' },
    },
    {
      name: 'may tell metrics without saying ok',
      pods: [pod({ ...good, message: '{"metrics":{"accuracy":0.9}}' }), pod({ index: 1, ...good })],
      want: { state: 'succeeded', result: { metrics: { accuracy: 0.9 } } },
    },
    {
      name: 'whose helper was ended by the kubelet has succeeded',
      made: job({ completions: 1 }),
      pods: [pod({ ...good, helper: 143 })],
      want: { state: 'succeeded' },
    },
    {
      name: 'that fails names its exit code',
      pods: [pod(), pod({ index: 1, phase: 'Failed', exitCode: 1 })],
      want: { failure: { reason: 'ProgramFailed' } },
    },
    {
      name: 'killed from outside',
      pods: [pod({ phase: 'Failed', exitCode: 137 })],
      want: { failure: { reason: 'Killed', cause: 'killed' } },
    },
    {
      name: 'killed because its Job ends waits for what the Job says',
      pods: [pod({ exitCode: 143, deletedAt: '2026-01-01T00:59:59Z' })],
      want: { state: 'running' },
    },
    {
      name: 'of which somebody deletes a pod waits for what the Job says, whatever the programs make of it',
      made: job({ completions: 2 }),
      pods: [
        pod({ phase: 'Failed', exitCode: 1, at: '2026-01-01T00:30:01Z' }),
        pod({ index: 1, phase: 'Failed', exitCode: 1, deletedAt: '2026-01-01T00:30:30Z', grace: 30 }),
      ],
      want: { state: 'running' },
    },
    {
      name: 'of which a pod was deleted was killed, when the Job says so',
      made: job({ completions: 2 }, [condition('Failed', 'BackoffLimitExceeded')]),
      pods: [pod({ phase: 'Failed', exitCode: 1, deletedAt: '2026-01-01T00:30:30Z', grace: 30 })],
      want: { failure: { reason: 'Killed', cause: 'killed' } },
    },
    {
      name: 'that failed by itself says so, though its Job deletes the others then',
      made: job({ completions: 2 }),
      pods: [
        pod({ phase: 'Failed', exitCode: 1 }),
        pod({
          index: 1,
          phase: 'Failed',
          exitCode: 1,
          at: '2026-01-01T00:30:02Z',
          deletedAt: '2026-01-01T00:30:31Z',
          grace: 30,
        }),
      ],
      want: { failure: { reason: 'ProgramFailed' } },
    },
    {
      name: 'that did not end within its deadline says so, though its pods were killed',
      made: job({ completions: 1 }, [condition('FailureTarget', 'DeadlineExceeded')]),
      pods: [pod({ phase: 'Failed', exitCode: 143, deletedAt: '2026-01-01T00:59:59Z' })],
      want: { failure: { reason: 'DeadlineExceeded' } },
    },
    {
      name: 'whose pod somebody deleted was killed',
      made: job({ completions: 1 }, [condition('Failed', 'BackoffLimitExceeded')]),
      pods: [],
      want: { failure: { reason: 'Killed', cause: 'killed' } },
    },
    {
      name: 'evicted by the kubelet',
      pods: [pod({ phase: 'Failed', podReason: 'Evicted' })],
      want: { failure: { reason: 'Evicted', cause: 'infrastructure' } },
    },
    {
      name: 'preempted',
      pods: [pod({ phase: 'Failed', exitCode: 143, disruption: 'PreemptionByScheduler' })],
      want: { failure: { reason: 'Evicted' } },
    },
    {
      name: 'about to be evicted may still save its work',
      pods: [pod({ disruption: 'EvictionByEvictionAPI', deletedAt: '2026-01-01T01:00:10Z' })],
      want: { state: 'running' },
    },
    {
      name: 'on a node that is lost',
      pods: [pod({ disruption: 'DeletionByTaintManager' })],
      want: { failure: { reason: 'NodeLost' } },
    },
    {
      name: 'on a node that does not answer',
      pods: [pod({ deletedAt: '2026-01-01T00:58:00Z' })],
      want: { failure: { reason: 'NodeLost' } },
    },
    {
      name: 'out of memory explains what others said first',
      pods: [
        pod({ phase: 'Failed', exitCode: 1 }),
        pod({ index: 1, phase: 'Failed', exitCode: 137, reason: 'OOMKilled', at: '2026-01-01T00:31:00Z' }),
      ],
      want: { failure: { reason: 'OutOfMemory' } },
    },
    {
      name: 'with several failures names the first',
      pods: [
        pod({ phase: 'Failed', exitCode: 1, at: '2026-01-01T00:31:00Z' }),
        pod({ index: 1, phase: 'Failed', exitCode: 137, at: '2026-01-01T00:30:30Z' }),
      ],
      want: { failure: { reason: 'Killed' } },
    },
    {
      name: 'that is elastic goes on without one worker',
      made: job({ completions: 3, backoffLimitPerIndex: 3, maxFailedIndexes: 1 }),
      pods: [pod(), pod({ index: 1 }), pod({ index: 2, phase: 'Failed', exitCode: 1 })],
      want: { state: 'running' },
    },
    {
      name: 'that is elastic succeeds without one worker',
      made: job({ completions: 3, backoffLimitPerIndex: 3, maxFailedIndexes: 1 }, [
        condition('Failed', 'FailedIndexes'),
      ]),
      pods: [pod(good), pod({ index: 1, ...good }), pod({ index: 2, phase: 'Failed', exitCode: 1 })],
      want: { state: 'succeeded' },
    },
    {
      name: 'that is elastic fails with its Job',
      made: job({ completions: 3, backoffLimitPerIndex: 3, maxFailedIndexes: 1 }, [
        condition('Failed', 'MaxFailedIndexesExceeded'),
      ]),
      pods: [
        pod(good),
        pod({ index: 1, phase: 'Failed', exitCode: 1 }),
        pod({ index: 2, phase: 'Failed', exitCode: 1 }),
      ],
      want: { failure: { reason: 'ProgramFailed' } },
    },
  ])('$name', ({ pods, want, ...given }) => {
    const made = 'made' in given ? given.made : job();
    expect(decide(made, pods)).toMatchObject(want);
  });
});

describe('a stage of ours', () => {
  const stagePod = (shape: Shape): Pod => {
    const made = structuredClone(pod(shape));
    for (const status of made.status?.containerStatuses ?? []) status.name = 'evaluate';
    return made;
  };
  const one = job({ completions: 1 });

  test('succeeds by its report, while the pod still ends', () => {
    expect(decide(one, [stagePod({ exitCode: 0, message: '{"ok":true,"rows":3}' })], 'evaluate')).toMatchObject({
      state: 'succeeded',
      result: { rows: 3 },
    });
  });

  test('is refused by its report, which keeps what was measured', () => {
    const message = JSON.stringify({ ok: false, reason: 'ThresholdNotMet', message: 'too low', metrics: { f1: 0.1 } });
    expect(decide(one, [stagePod({ phase: 'Failed', exitCode: 2, message })], 'evaluate')).toMatchObject({
      failure: { reason: 'ThresholdNotMet', message: 'too low.', result: { metrics: { f1: 0.1 } } },
    });
  });

  test('that ends without a report has crashed', () => {
    const complete = job({ completions: 1 }, [condition('Complete')]);
    expect(decide(complete, [stagePod(good)], 'evaluate')).toMatchObject({ failure: { reason: 'StageCrashed' } });
  });
});
