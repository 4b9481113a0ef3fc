import { expect, test } from '@jest/globals';
import type { ContainerStatus, Pod } from '../../build/inference-service/children.ts';
import { podProblem, type PodFacts } from './pod-problems.ts';

const NOW = new Date('2026-01-01T00:10:00Z');
const minutesAgo = (minutes: number): string => new Date(NOW.getTime() - minutes * 60_000).toISOString();

interface Choice {
  serve?: Omit<ContainerStatus, 'name'>;
  fetch?: Omit<ContainerStatus, 'name'>;
  conditions?: NonNullable<Pod['status']>['conditions'];
}

const pod = ({ serve, fetch, conditions = [] }: Choice): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: 'team' },
  spec: { nodeName: 'n1', containers: [{ name: 'serve', resources: { limits: { memory: '1Gi' } } }] },
  status: {
    conditions,
    ...(fetch === undefined ? {} : { initContainerStatuses: [{ name: 'fetch', ...fetch }] }),
    ...(serve === undefined ? {} : { containerStatuses: [{ name: 'serve', image: 'runtime:1', ...serve }] }),
  },
});

const unscheduled = (message: string, minutes = 0) => ({
  conditions: [
    {
      type: 'PodScheduled',
      status: 'False',
      reason: 'Unschedulable',
      message,
      lastTransitionTime: minutesAgo(minutes),
    },
  ],
});
const waiting = (reason: string, message?: string): NonNullable<ContainerStatus['state']> => ({
  waiting: { reason, ...(message === undefined ? {} : { message }) },
});
const ended = (message?: string, reason = 'Error', exitCode = 1) => ({
  terminated: { exitCode, reason, ...(message === undefined ? {} : { message }) },
});

interface Row extends Partial<PodFacts> {
  name: string;
  is: Choice;
  /** `reason stalled|goes on: message`. */
  want: string | undefined;
}

test.each<Row>([
  { name: 'a pod that is ready has none', is: { conditions: [{ type: 'Ready', status: 'True' }] }, want: undefined },
  {
    name: 'a pod that is being started has none',
    is: { serve: { state: waiting('PodInitializing') } },
    want: undefined,
  },
  {
    name: 'no node, and nothing more is known: the scheduler is quoted once',
    is: unscheduled(
      '0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available: 3 No preemption victims found.',
    ),
    want: 'Unschedulable goes on: No node can take the pods: 0/3 nodes are available: 3 Insufficient cpu. Free capacity, change spec.resources or spec.placement, or add a node.',
  },
  {
    name: 'a device class that is not there, whatever the nodes have',
    is: unscheduled(
      '0/1 nodes are available: request accelerator: device class gpu.x does not exist. no new claims to deallocate, preemption: none',
    ),
    capacity: 'No node has a free cpu.',
    want: 'Unschedulable goes on: DeviceClass "gpu.x" does not exist in this cluster; correct spec.accelerator.deviceClass, or install the driver that offers it.',
  },
  {
    name: 'a claim of a source that is not there',
    is: unscheduled('0/1 nodes are available: persistentvolumeclaim "store" not found. not found'),
    want: 'Unschedulable goes on: A volume claim of the pods is not bound: 0/1 nodes are available: persistentvolumeclaim "store" not found. Create PersistentVolumeClaim "store" in this namespace, or correct the Model that names it.',
  },
  {
    name: 'no node for long: a person has to act',
    is: unscheduled('0/3 nodes are available.', 10),
    capacity: 'No node has a free nvidia.com/gpu.',
    want: 'Unschedulable stalled: No node has a free nvidia.com/gpu.',
  },
  {
    name: 'a claim that is not bound',
    is: unscheduled('0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.'),
    want: 'Unschedulable goes on: A volume claim of the pods is not bound: 0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. Check the claim with "kubectl describe pvc", its storage class, and whether the class has room.',
  },
  {
    name: 'an image that cannot be pulled',
    is: { serve: { state: waiting('ErrImagePull', 'rpc error: manifest unknown') } },
    want: 'ImagePullFailed stalled: Image runtime:1 cannot be pulled: rpc error: manifest unknown. Check the image name, and the login in imagePullSecrets.',
  },
  {
    name: 'the same image while the kubelet backs off: the same words',
    is: {
      serve: {
        state: waiting(
          'ImagePullBackOff',
          'Back-off pulling image "runtime:1": ErrImagePull: rpc error: manifest unknown',
        ),
      },
    },
    want: 'ImagePullFailed stalled: Image runtime:1 cannot be pulled: rpc error: manifest unknown. Check the image name, and the login in imagePullSecrets.',
  },
  {
    name: 'an older kubelet that backs off says no reason',
    is: { serve: { state: waiting('ImagePullBackOff', 'Back-off pulling image "runtime:1"') } },
    want: 'ImagePullFailed stalled: Image runtime:1 cannot be pulled: the registry refuses it. Check the image name, and the login in imagePullSecrets.',
  },
  {
    name: 'killed for memory, while it starts anew',
    is: { serve: { state: { running: {} }, lastState: ended(undefined, 'OOMKilled', 137), restartCount: 1 } },
    want: 'OutOfMemory stalled: Container "serve" was killed because it needed more memory than its limit of 1Gi; raise spec.resources.limits.memory.',
  },
  {
    name: 'a fetch that failed for good',
    is: {
      fetch: {
        state: ended('{"ok":false,"reason":"DigestMismatch","message":"The file has sha256 b.","retryable":false}'),
      },
    },
    want: 'ModelFetchFailed stalled: The model cannot be fetched: DigestMismatch: The file has sha256 b.',
  },
  {
    name: 'a fetch that may pass, while the kubelet waits',
    is: {
      fetch: {
        state: waiting('CrashLoopBackOff'),
        lastState: ended('{"ok":false,"reason":"SourceUnreachable","message":"No answer","retryable":true}'),
      },
    },
    want: 'ModelFetchFailed goes on: The model cannot be fetched: SourceUnreachable: No answer.',
  },
  {
    name: 'a fetch that died without a word',
    is: { fetch: { state: ended(undefined, 'Error', 139) } },
    want: 'ModelFetchFailed stalled: The model cannot be fetched: it ended with code 139.',
  },
  {
    name: 'a fetch that failed once and then worked',
    is: { fetch: { ready: true, state: ended(undefined, 'Completed', 0), lastState: ended('x') } },
    want: undefined,
  },
  {
    name: 'a server that crashed once',
    is: { serve: { state: { running: {} }, lastState: ended('{"ok":false,"message":"bad graph"}'), restartCount: 1 } },
    want: 'CrashLooping goes on: The server ends again and again; last with: bad graph. See "kubectl logs --previous" of pod p.',
  },
  {
    name: 'a server that crashes for ever, without JSON',
    is: { serve: { state: waiting('CrashLoopBackOff'), lastState: ended('Segmentation fault'), restartCount: 3 } },
    want: 'CrashLooping stalled: The server ends again and again; last with: Segmentation fault. See "kubectl logs --previous" of pod p.',
  },
  {
    name: 'a server that ended for a wrong golden answer',
    is: {
      serve: { state: ended('{"ok":false,"reason":"GoldenMismatch","message":"label is 3, want 0"}'), restartCount: 5 },
    },
    want: 'GoldenMismatch stalled: The server ends again and again; last with: label is 3, want 0. See "kubectl logs --previous" of pod p.',
  },
  {
    name: 'a pod between its startup probe and its first readiness probe has none',
    is: {
      serve: { started: true, state: { running: { startedAt: minutesAgo(0.2) } } },
      conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: minutesAgo(0.4) }],
    },
    want: undefined,
  },
  {
    name: 'a pod that answered once and no longer does, a moment ago',
    is: {
      serve: { started: true, state: { running: { startedAt: minutesAgo(9) } } },
      conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: minutesAgo(0.5) }],
    },
    want: 'GoldenMismatch goes on: Pod p no longer answers the golden request correctly and gets no requests: its readiness probe fails. Delete the pod to start anew, and see its log for the cause.',
  },
  {
    name: 'a pod whose node is lost has done nothing wrong',
    is: {
      serve: { started: true, state: { running: {} } },
      conditions: [
        { type: 'ContainersReady', status: 'True' },
        { type: 'Ready', status: 'False', lastTransitionTime: minutesAgo(2) },
      ],
    },
    want: 'Starting goes on: Node n1 of pod p is not heard of; Kubernetes replaces the pod after some minutes. Check the node.',
  },
  {
    name: 'a pod that no longer answers for a while, and says why',
    is: {
      serve: { started: true, state: { running: { startedAt: minutesAgo(9) } } },
      conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: minutesAgo(2) }],
    },
    readiness: 'label is 3, want 0',
    want: 'GoldenMismatch stalled: Pod p no longer answers the golden request correctly and gets no requests: label is 3, want 0. Delete the pod to start anew, and see its log for the cause.',
  },
  {
    name: 'a model that has just begun to load',
    is: { serve: { started: false, state: { running: { startedAt: minutesAgo(0.5) } } } },
    want: undefined,
  },
  {
    name: 'a model that loads for long',
    is: { serve: { started: false, state: { running: { startedAt: minutesAgo(2) } } } },
    readiness: 'label is 3, want 0',
    want: 'Starting goes on: Pod p runs but has not answered the golden request yet: label is 3, want 0.',
  },
  {
    name: 'a volume that cannot be mounted',
    is: { fetch: { state: waiting('PodInitializing') } },
    warning: 'MountVolume.SetUp failed for volume "credentials" : secret "login" not found',
    want: 'Starting goes on: Pod p cannot start: MountVolume.SetUp failed for volume "credentials" : secret "login" not found. Create Secret "login" in this namespace, or correct the Model that names it.',
  },
  {
    name: 'a container that cannot be made',
    is: { serve: { state: waiting('CreateContainerError', 'no space left on device') } },
    want: 'Starting stalled: Pod p cannot start: no space left on device.',
  },
])('$name', ({ is, want, name: _name, ...rest }) => {
  const problem = podProblem({ pod: pod(is), now: NOW, ...rest });
  const words = problem && `${problem.reason} ${problem.stalled ? 'stalled' : 'goes on'}: ${problem.message}`;
  expect(words).toBe(want);
});
