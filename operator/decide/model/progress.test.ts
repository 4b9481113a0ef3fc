import { describe, expect, test } from '@jest/globals';
import type { ObservedJob, ObservedPod, Terminated } from './observed.ts';
import { decideProgress } from './progress.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const FETCHED = JSON.stringify({ ok: true, digest: DIGEST, sizeBytes: 3 });
const VERIFIED = JSON.stringify({ ok: true, format: 'onnx', opset: 17 });

const job = (end?: { type: string; reason?: string }): ObservedJob => ({
  metadata: { name: 'iris-verify-1', creationTimestamp: '2026-01-01T00:00:00Z' },
  status: end === undefined ? {} : { conditions: [{ status: 'True', ...end }] },
});

const ended = (name: string, terminated: Terminated) => ({ name, state: { terminated } });

const podOf = (status: ObservedPod['status'] = {}, name = 'pod'): ObservedPod => ({
  metadata: { name, creationTimestamp: '2026-01-01T00:00:01Z' },
  spec: { containers: [{ image: 'runtime:1' }] },
  status,
});

const fetchedPod = (verify: Terminated, extra: object = {}): ObservedPod =>
  podOf({
    initContainerStatuses: [ended('fetch', { exitCode: 0, message: FETCHED })],
    containerStatuses: [ended('verify', verify)],
    ...extra,
  });

const failedJob = job({ type: 'Failed', reason: 'BackoffLimitExceeded' });
const refusal = (reason: string, retryable?: boolean): string =>
  JSON.stringify({ ok: false, reason, message: 'why', ...(retryable === undefined ? {} : { retryable }) });

describe('decideProgress: how it ends', () => {
  test('a whole report with a digest succeeds, also before the Job says so', () => {
    const pod = fetchedPod({ exitCode: 0, message: VERIFIED, finishedAt: '2026-01-01T00:01:00Z' });
    expect(decideProgress({ job: job(), pods: [pod], warnings: [] })).toEqual({
      state: 'succeeded',
      findings: { digest: DIGEST, sizeBytes: 3, format: 'onnx', opset: 17 },
      image: 'runtime:1',
      finishedAt: '2026-01-01T00:01:00Z',
    });
  });

  test('the commit that an hf branch stood for is found', () => {
    const uri = `hf://owner/name@${'c'.repeat(40)}`;
    const fetched = JSON.stringify({ ok: true, digest: DIGEST, sizeBytes: 3, uri });
    const pod = podOf({
      initContainerStatuses: [ended('fetch', { exitCode: 0, message: fetched })],
      containerStatuses: [ended('verify', { exitCode: 0, message: VERIFIED, finishedAt: '2026-01-01T00:01:00Z' })],
    });
    expect(decideProgress({ job: job(), pods: [pod], warnings: [] })).toMatchObject({ findings: { uri } });
  });

  test.each([
    {
      name: 'a refusal by fetch is taken as it is',
      pods: [podOf({ initContainerStatuses: [ended('fetch', { exitCode: 2, message: refusal('SourceNotFound') })] })],
      want: { reason: 'SourceNotFound', retryable: false },
    },
    {
      name: 'a refusal that can pass says so',
      pods: [
        podOf({ initContainerStatuses: [ended('fetch', { exitCode: 1, message: refusal('SourceTimeout', true) })] }),
      ],
      want: { reason: 'SourceTimeout', retryable: true },
    },
    {
      name: 'a refusal by verify keeps what fetch found',
      pods: [fetchedPod({ exitCode: 2, message: refusal('GoldenMismatch') })],
      want: { reason: 'GoldenMismatch', retryable: false, findings: { digest: DIGEST, sizeBytes: 3 } },
    },
    {
      name: 'a kill for memory needs a person',
      pods: [fetchedPod({ exitCode: 137, reason: 'OOMKilled' })],
      want: { reason: 'OutOfMemory', retryable: false },
    },
    {
      name: 'a report wins over a kill for memory that came after it',
      pods: [fetchedPod({ exitCode: 137, reason: 'OOMKilled', message: refusal('LimitExceeded') })],
      want: { reason: 'LimitExceeded' },
    },
    {
      name: 'a crash without a report is tried again, with its last words',
      pods: [fetchedPod({ exitCode: 139, message: 'segmentation fault' })],
      want: { reason: 'VerificationCrashed', retryable: true, message: expect.stringContaining('segmentation fault') },
    },
    {
      name: 'half a report is a crash',
      pods: [fetchedPod({ exitCode: 0, message: VERIFIED.slice(0, 10) })],
      want: { reason: 'VerificationCrashed' },
    },
    {
      name: 'a report of success with another exit code is a crash',
      pods: [fetchedPod({ exitCode: 134, message: VERIFIED })],
      want: { reason: 'VerificationCrashed' },
    },
    {
      name: 'an eviction passes',
      pods: [podOf({ phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: memory.' })],
      want: { reason: 'VerificationCrashed', retryable: true, message: expect.stringContaining('low on resource') },
    },
    {
      name: 'an eviction for disk space says so',
      pods: [
        podOf({ phase: 'Failed', reason: 'Evicted', message: 'Usage of EmptyDir volume "models" exceeds the limit' }),
      ],
      want: { reason: 'StorageFull', retryable: true },
    },
    {
      name: 'a lost node passes',
      pods: [podOf({ conditions: [{ type: 'DisruptionTarget', status: 'True', message: 'node went away' }] })],
      want: { reason: 'VerificationCrashed', retryable: true, message: expect.stringContaining('node went away') },
    },
    {
      name: 'a pod that was deleted by hand passes',
      pods: [],
      want: { reason: 'VerificationCrashed', retryable: true, message: expect.stringContaining('deleted') },
    },
  ])('$name', ({ pods, want }) => {
    const progress = decideProgress({ job: failedJob, pods, warnings: [] });
    expect(progress).toMatchObject({ state: 'failed', failure: want });
  });

  test('a deadline names what it was waiting for', () => {
    const timedOut = job({ type: 'Failed', reason: 'DeadlineExceeded' });
    expect(decideProgress({ job: timedOut, pods: [], warnings: [], lastWaitingFor: 'no node.' })).toMatchObject({
      failure: { reason: 'VerificationTimeout', retryable: true, message: expect.stringContaining('no node.') },
    });
  });

  test('of two pods the newer one counts, unless only the older one has reported', () => {
    const older = fetchedPod({ exitCode: 2, message: refusal('NotOnnx') });
    const newer = { ...podOf({}, 'newer'), metadata: { name: 'newer', creationTimestamp: '2026-01-01T00:00:09Z' } };
    expect(decideProgress({ job: job(), pods: [older, newer], warnings: [] })).toMatchObject({
      failure: { reason: 'NotOnnx' },
    });
  });

  test('a Job that is gone, or going, is missing', () => {
    const going = { ...job(), metadata: { name: 'x', deletionTimestamp: '2026-01-01T00:00:00Z' } };
    expect(decideProgress({ job: undefined, pods: [], warnings: [] })).toEqual({ state: 'missing' });
    expect(decideProgress({ job: going, pods: [], warnings: [] })).toEqual({ state: 'missing' });
  });

  test('a report that would make the status invalid is no report', () => {
    const inputs = Array.from({ length: 65 }, (_, index) => ({ name: `x${index}`, datatype: 'FP32', shape: [1] }));
    const pod = fetchedPod({ exitCode: 0, message: JSON.stringify({ ok: true, inputs }) });
    expect(decideProgress({ job: failedJob, pods: [pod], warnings: [] })).toMatchObject({
      failure: { reason: 'VerificationCrashed' },
    });
  });
});

describe('decideProgress: what it waits for', () => {
  const waiting = (reason: string, message = '') => ({
    name: 'fetch',
    image: 'runtime:1',
    state: { waiting: { reason, message } },
  });

  test.each([
    { name: 'nothing, while there is no pod and no warning', pods: [], warnings: [], want: undefined },
    {
      name: 'the quota, when no pod can be made',
      pods: [],
      warnings: ['Error creating: pods "m-verify-1-abcde" is forbidden: exceeded quota: q'],
      want: 'A quota of the namespace does not allow the pods: exceeded quota: q. Free some of the quota, have it raised, or lower spec.verification.resources.',
    },
    {
      name: 'a node with room',
      pods: [
        podOf({
          conditions: [
            {
              type: 'PodScheduled',
              status: 'False',
              reason: 'Unschedulable',
              message: '0/3 nodes: 3 Insufficient memory. preemption: none',
            },
          ],
        }),
      ],
      warnings: [],
      want: 'no node can take the verification pod: 0/3 nodes: 3 Insufficient memory. Free capacity',
    },
    {
      name: 'an image that cannot be pulled',
      pods: [podOf({ initContainerStatuses: [waiting('ImagePullBackOff', 'Back-off')] })],
      warnings: [],
      want: 'the image runtime:1 cannot be pulled',
    },
    {
      name: 'a volume that cannot be mounted',
      pods: [podOf({ initContainerStatuses: [waiting('PodInitializing')] })],
      warnings: ['MountVolume.SetUp failed for volume "credentials" : secret "login" not found'],
      want: 'secret "login" not found',
    },
    {
      name: 'nothing once a container runs, whatever was warned of before',
      pods: [podOf({ initContainerStatuses: [{ name: 'fetch', state: { running: {} } }] })],
      warnings: ['old warning'],
      want: undefined,
    },
  ])('$name', ({ pods, warnings, want }) => {
    const progress = decideProgress({ job: job(), pods, warnings });
    if (want === undefined) expect(progress).toEqual({ state: 'running' });
    else
      expect(progress).toEqual({
        state: 'running',
        waiting: { what: expect.stringContaining(want), since: job().metadata.creationTimestamp },
      });
  });

  test('the words of the kubelet that alternate do not show', () => {
    const texts = ['ErrImagePull', 'ImagePullBackOff'].map((reason) =>
      decideProgress({ job: job(), pods: [podOf({ initContainerStatuses: [waiting(reason, reason)] })], warnings: [] }),
    );
    expect(texts[0]).toEqual(texts[1]);
  });
});
