import type { V1Taint, V1Toleration } from '@kubernetes/client-node';
import { quantityValue } from '../../crds/schema/quantity.ts';
import type { Child } from '../build/child.ts';
import type { Pod } from '../build/pod.ts';
import { Label } from '../build/labels.ts';
import { requestsOf } from './pod-requests.ts';

/** The parts of a Node that decide what it can take. */
export type Node = Child & {
  spec?: { unschedulable?: boolean; taints?: V1Taint[] };
  status?: { allocatable?: Record<string, string> };
};

/** What the whole cluster holds, read on demand. */
export interface Capacity {
  nodes: readonly Node[];
  /** Pods that occupy nodes, of every namespace. */
  pods: readonly Pod[];
}

/** A pod that looks for a node. */
export interface Search extends Capacity {
  pod: Pod;
  requests: ReadonlyMap<string, number>;
  /** Where its requests are given. */
  field: string;
}

type Check = (search: Search) => string | undefined;

const MOST_HOLDERS = 4;

const noNodes: Check = ({ nodes }) => (nodes.length === 0 ? 'The cluster has no nodes; add one.' : undefined);

const noLabel: Check = ({ nodes, pod }) => {
  const wanted = Object.entries(pod.spec?.nodeSelector ?? {});
  const missing = wanted.find(([name, value]) => !nodes.some(({ metadata }) => metadata.labels?.[name] === value));
  if (missing !== undefined) return labelMissing(nodes, missing);
  if (nodes.some((node) => hasLabels(node, pod))) return undefined;
  return `No node has all the labels ${wanted.map(([name, value]) => `${name}=${value}`).join(', ')} together; change spec.placement.nodeSelector, or label a node.`;
};

function labelMissing(nodes: readonly Node[], [name, value]: [string, string]): string {
  const offered = [
    ...new Set(nodes.map(({ metadata }) => metadata.labels?.[name]).filter((found) => found !== undefined)),
  ];
  const instead =
    offered.length === 0 ? 'no node has this label at all' : `the nodes have ${offered.sort().slice(0, 5).join(', ')}`;
  return `No node has the label ${name}=${value} (${instead}); choose another, or add such a node.`;
}

const noDevice: Check = (search) => {
  for (const [resource] of search.requests) {
    const total = sum(suitable(search), (node) => allocatable(node, resource));
    if (total === 0 && isDevice(resource)) {
      return `No suitable node offers ${resource}; add a node that does, or install the device plugin on it.`;
    }
  }
  return undefined;
};

const tainted: Check = (search) => {
  const labelled = search.nodes.filter((node) => hasLabels(node, search.pod));
  if (labelled.some((node) => tolerates(search.pod, node))) return undefined;
  const taints = new Set(labelled.flatMap((node) => (node.spec?.taints ?? []).filter(isHard).map(describeTaint)));
  const what =
    taints.size === 0 ? 'are cordoned' : `have taints that the pods do not tolerate (${[...taints].sort().join(', ')})`;
  return `All suitable nodes ${what}; add a toleration to spec.placement.tolerations, or free a node.`;
};

const deviceHeld: Check = (search) => {
  for (const [resource, asked] of search.requests) {
    if (isDevice(resource) && !suitable(search).some((node) => free(search, node, resource) >= asked)) {
      return explainHeld(search, resource, asked);
    }
  }
  return undefined;
};

function explainHeld(search: Search, resource: string, asked: number): string {
  const nodes = new Set(suitable(search).map(({ metadata }) => metadata.name));
  const total = sum(suitable(search), (node) => allocatable(node, resource));
  const holders = search.pods.filter(({ spec }) => nodes.has(spec?.nodeName ?? ''));
  const held = sum(holders, (pod) => requestsOf(pod).get(resource) ?? 0);
  const what = asked === 1 ? `a free ${resource}` : `${asked} free ${resource}`;
  return `No node has ${what}: ${held} of ${total} are held by ${nameHolders(holders, resource)}; free ${asked === 1 ? 'one' : `${asked}`} or add a node.`;
}

function nameHolders(pods: readonly Pod[], resource: string): string {
  const held = new Map<string, number>();
  for (const pod of pods) {
    const amount = requestsOf(pod).get(resource) ?? 0;
    if (amount > 0) held.set(workloadOf(pod), (held.get(workloadOf(pod)) ?? 0) + amount);
  }
  const names = [...held]
    .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
    .map(([name, amount]) => `${name} (${amount})`);
  const rest = names.length - MOST_HOLDERS;
  return names.length === 0
    ? 'nobody'
    : `${names.slice(0, MOST_HOLDERS).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

/** The workload is what people know; pod names come and go. */
function workloadOf({ metadata }: Pod): string {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  const name = metadata.labels?.[Label.service] ?? metadata.labels?.['job-name'] ?? ownerName(owner) ?? metadata.name;
  return `${metadata.namespace}/${name}`;
}

/** The name of a ReplicaSet is that of its Deployment and a hash. */
const ownerName = (owner: { kind: string; name: string } | undefined): string | undefined =>
  owner?.kind === 'ReplicaSet' ? owner.name.replace(/-[a-z0-9]+$/, '') : owner?.name;

const tooSmall: Check = (search) => {
  for (const [resource, asked] of search.requests) {
    const most = Math.max(0, ...suitable(search).map((node) => free(search, node, resource)));
    if (most < asked) {
      return `No node has ${amount(resource, asked)} of ${resource} free, which each pod asks for; the most that is free on one node is ${amount(resource, most)}. Lower ${search.field}, free some, or add a node.`;
    }
  }
  return undefined;
};

const checks: readonly Check[] = [noNodes, noLabel, tainted, noDevice, deviceHeld, tooSmall];

/** Which resource is missing and who holds it; undefined when the nodes do not tell, and the scheduler's words must do. */
export function explainCapacity(pod: Pod, capacity: Capacity, field = 'spec.resources.requests'): string | undefined {
  const search: Search = { ...capacity, pod, requests: requestsOf(pod), field };
  for (const check of checks) {
    const found = check(search);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The nodes that the pod may run on, full or not. */
export const suitable = ({ nodes, pod }: Search): Node[] =>
  nodes.filter((node) => hasLabels(node, pod) && tolerates(pod, node));

const hasLabels = ({ metadata }: Node, { spec }: Pod): boolean =>
  Object.entries(spec?.nodeSelector ?? {}).every(([name, value]) => metadata.labels?.[name] === value);

const tolerates = ({ spec }: Pod, node: Node): boolean =>
  node.spec?.unschedulable !== true &&
  (node.spec?.taints ?? [])
    .filter(isHard)
    .every((taint) => (spec?.tolerations ?? []).some((toleration) => matches(toleration, taint)));

const isHard = ({ effect }: V1Taint): boolean => effect === 'NoSchedule' || effect === 'NoExecute';

const matches = (toleration: V1Toleration, taint: V1Taint): boolean =>
  (toleration.effect === undefined || toleration.effect === taint.effect) &&
  (toleration.key === undefined || toleration.key === taint.key) &&
  (toleration.operator === 'Exists' || (toleration.value ?? '') === (taint.value ?? ''));

const describeTaint = ({ key, value, effect }: V1Taint): string =>
  `${key}${value === undefined || value === '' ? '' : `=${value}`}:${effect}`;

const isDevice = (resource: string): boolean => resource.includes('/');

const allocatable = ({ status }: Node, resource: string): number =>
  quantityValue(status?.allocatable?.[resource] ?? '0');

/** What is free of a resource on a node. */
export const free = ({ pods }: Search, node: Node, resource: string): number =>
  allocatable(node, resource) - (usageOf(pods).get(node.metadata.name)?.get(resource) ?? 0);

type Usage = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** One reading of a full cluster is asked about by many services; adding it up each time would be nodes times pods. */
const usages = new WeakMap<readonly Pod[], Usage>();

/** What is taken on each node, by resource. */
function usageOf(pods: readonly Pod[]): Usage {
  const known = usages.get(pods);
  if (known !== undefined) return known;
  const usage = new Map<string, Map<string, number>>();
  for (const pod of pods) {
    const taken = usage.get(pod.spec?.nodeName ?? '') ?? new Map<string, number>();
    usage.set(pod.spec?.nodeName ?? '', taken);
    for (const [resource, asked] of requestsOf(pod)) taken.set(resource, (taken.get(resource) ?? 0) + asked);
  }
  usages.set(pods, usage);
  return usage;
}

const sum = <T>(items: readonly T[], value: (item: T) => number): number =>
  items.reduce((total, item) => total + value(item), 0);

const MEBIBYTE = 2 ** 20;

const amount = (resource: string, value: number): string =>
  resource === 'memory' || resource === 'ephemeral-storage'
    ? `${Math.round(value / MEBIBYTE)}Mi`
    : String(Math.round(value * 1000) / 1000);
