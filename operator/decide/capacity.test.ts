import { expect, test } from '@jest/globals';
import type { V1PodSpec } from '@kubernetes/client-node';
import type { Pod } from '../build/pod.ts';
import { explainCapacity, type Node } from './capacity.ts';
import { waitsForItself } from './inference-service/waits-for-itself.ts';

const GPU = 'nvidia.com/gpu';

interface NodeChoice {
  labels?: Record<string, string>;
  allocatable?: Record<string, string>;
  taint?: string;
  cordoned?: boolean;
}

const node = (name: string, { labels = {}, allocatable = {}, taint, cordoned = false }: NodeChoice = {}): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, namespace: '', labels },
  spec: { unschedulable: cordoned, ...(taint === undefined ? {} : { taints: [{ key: taint, effect: 'NoSchedule' }] }) },
  status: { allocatable: { cpu: '8', memory: '32Gi', ...allocatable } },
});

const asking = (limits: Record<string, string>, rest: Partial<V1PodSpec> = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: 'team' },
  spec: {
    initContainers: [{ name: 'fetch', resources: { requests: { cpu: '1' } } }],
    containers: [{ name: 'serve', resources: { limits } }],
    ...rest,
  },
});

const running = (nodeName: string, limits: Record<string, string>, meta: Partial<Pod['metadata']>): Pod => ({
  ...asking(limits, { nodeName }),
  metadata: { name: 'other', namespace: 'team-a', ...meta },
});

const ownedBy = (kind: string, name: string) => ({
  ownerReferences: [{ apiVersion: 'apps/v1', kind, name, uid: 'u', controller: true }],
});

interface Row {
  name: string;
  pod: Pod;
  nodes: Node[];
  pods?: Pod[];
  want: string | undefined;
}

test.each<Row>([
  { name: 'an empty cluster', pod: asking({}), nodes: [], want: 'The cluster has no nodes; add one.' },
  {
    name: 'all accelerators held, by workloads',
    pod: asking({ [GPU]: '1' }),
    nodes: [node('n1', { allocatable: { [GPU]: '4' } }), node('n2')],
    pods: [
      running('n1', { [GPU]: '1' }, { name: 'a', labels: { 'job-name': 'train-x' } }),
      running('n1', { [GPU]: '1' }, { name: 'b', labels: { 'job-name': 'train-x' } }),
      running('n1', { [GPU]: '2' }, { name: 'c', namespace: 'team-b', ...ownedBy('ReplicaSet', 'llm-5d4f8') }),
      running('n2', { cpu: '1' }, { name: 'd' }),
    ],
    want: `No node has a free ${GPU}: 4 of 4 are held by team-a/train-x (2), team-b/llm (2); free one or add a node.`,
  },
  {
    name: 'free accelerators on two nodes, but not enough on one',
    pod: asking({ [GPU]: '2' }),
    nodes: [node('n1', { allocatable: { [GPU]: '2' } }), node('n2', { allocatable: { [GPU]: '2' } })],
    pods: ['n1', 'n2'].map((name) =>
      running(name, { [GPU]: '1' }, { labels: { 'aimass.dev/inference-service': 'svc' } }),
    ),
    want: `No node has 2 free ${GPU}: 2 of 4 are held by team-a/svc (2); free 2 or add a node.`,
  },
  {
    name: 'many holders are not all named',
    pod: asking({ [GPU]: '1' }),
    nodes: [node('n1', { allocatable: { [GPU]: '6' } })],
    pods: [1, 2, 3, 4, 5, 6].map((index) => running('n1', { [GPU]: '1' }, { name: `w${index}` })),
    want: `No node has a free ${GPU}: 6 of 6 are held by team-a/w1 (1), team-a/w2 (1), team-a/w3 (1), team-a/w4 (1) and 2 more; free one or add a node.`,
  },
  {
    name: 'no device plugin',
    pod: asking({ [GPU]: '1' }),
    nodes: [node('n1')],
    want: `No suitable node offers ${GPU}; add a node that does, or install the device plugin on it.`,
  },
  {
    name: 'a product that no node has',
    pod: asking({ [GPU]: '1' }, { nodeSelector: { 'nvidia.com/gpu.product': 'NVIDIA-A10' } }),
    nodes: [node('n1', { labels: { 'nvidia.com/gpu.product': 'NVIDIA-T4' } })],
    want: 'No node has the label nvidia.com/gpu.product=NVIDIA-A10 (the nodes have NVIDIA-T4); choose another, or add such a node.',
  },
  {
    name: 'a label that no node knows',
    pod: asking({}, { nodeSelector: { zone: 'a' } }),
    nodes: [node('n1')],
    want: 'No node has the label zone=a (no node has this label at all); choose another, or add such a node.',
  },
  {
    name: 'two labels on two nodes',
    pod: asking({}, { nodeSelector: { zone: 'a', disk: 'ssd' } }),
    nodes: [node('n1', { labels: { zone: 'a' } }), node('n2', { labels: { disk: 'ssd' } })],
    want: 'No node has all the labels zone=a, disk=ssd together; change spec.placement.nodeSelector, or label a node.',
  },
  {
    name: 'taints',
    pod: asking({}),
    nodes: [node('n1', { taint: 'dedicated' })],
    want: 'All suitable nodes have taints that the pods do not tolerate (dedicated:NoSchedule); add a toleration to spec.placement.tolerations, or free a node.',
  },
  {
    name: 'cordoned nodes',
    pod: asking({}),
    nodes: [node('n1', { cordoned: true })],
    want: 'All suitable nodes are cordoned; add a toleration to spec.placement.tolerations, or free a node.',
  },
  {
    name: 'a taint that is tolerated does not count',
    pod: asking({ memory: '64Gi' }, { tolerations: [{ key: 'dedicated', operator: 'Exists' }] }),
    nodes: [node('n1', { taint: 'dedicated' })],
    want: 'No node has 65536Mi of memory free, which each pod asks for; the most that is free on one node is 32768Mi. Lower spec.resources.requests, free some, or add a node.',
  },
  {
    name: 'cpu, of which the init container asks more than the server',
    pod: asking({ cpu: '500m' }),
    nodes: [node('n1')],
    pods: [running('n1', { cpu: '7500m' }, {})],
    want: 'No node has 1 of cpu free, which each pod asks for; the most that is free on one node is 0.5. Lower spec.resources.requests, free some, or add a node.',
  },
  { name: 'something that the nodes do not tell', pod: asking({ cpu: '1' }), nodes: [node('n1')], want: undefined },
])('$name', ({ pod, nodes, pods = [], want }) => expect(explainCapacity(pod, { nodes, pods })).toBe(want));

const ofRevision = (revision: string, service = 'svc') => ({
  namespace: 'team',
  labels: { 'aimass.dev/inference-service': service, 'aimass.dev/revision': revision },
});

test.each([
  { name: 'an older pod holds the only accelerator', holder: ofRevision('old'), gpus: '1', want: true },
  { name: 'a pod of the same revision holds it', holder: ofRevision('new'), gpus: '1', want: false },
  { name: 'another service holds it', holder: ofRevision('old', 'other'), gpus: '1', want: false },
  {
    name: 'a service of this name in another namespace holds it',
    holder: { ...ofRevision('old'), namespace: 'team-b' },
    gpus: '1',
    want: false,
  },
  { name: 'one is free', holder: ofRevision('old'), gpus: '2', want: false },
])('a rollout waits for itself when $name: $want', ({ holder, gpus, want }) => {
  const pod = { ...asking({ [GPU]: '1' }), metadata: { name: 'p', ...ofRevision('new') } };
  const nodes = [node('n1', { allocatable: { [GPU]: gpus } })];
  expect(waitsForItself(pod, { nodes, pods: [running('n1', { [GPU]: '1' }, holder)] })).toBe(want);
});

test('nor when the older pod would not free enough', () => {
  const pod = { ...asking({ [GPU]: '2' }), metadata: { name: 'p', ...ofRevision('new') } };
  const nodes = [node('n1', { allocatable: { [GPU]: '2' } })];
  const pods = [running('n1', { [GPU]: '1' }, ofRevision('old')), running('n1', { [GPU]: '1' }, { namespace: 'x' })];
  expect(waitsForItself(pod, { nodes, pods })).toBe(false);
});
