import type { V1Container } from '@kubernetes/client-node';
import { horovodRendezvous } from './frameworks/horovod.ts';
import { isLaunched } from './frameworks/mpi/launched.ts';
import { mxnetRole } from './frameworks/mxnet.ts';
import type { StagePlan } from './plan.ts';
import { filledResources } from '../container-resources.ts';
import { buildStageContainer } from './stage-container.ts';

/** Something that a framework needs beside the program: in every worker, or beside worker 0 only. */
interface Role {
  name: string;
  script: string;
  isOnlyFirst: boolean;
}

const roles: Readonly<Record<string, readonly Role[]>> = {
  mxnet: [
    { name: 'mxnet-scheduler', script: mxnetRole('scheduler'), isOnlyFirst: true },
    { name: 'mxnet-server', script: mxnetRole('server'), isOnlyFirst: false },
  ],
  horovod: [{ name: 'horovod-rendezvous', script: horovodRendezvous(), isOnlyFirst: true }],
};

/**
 * Helper containers of the workers: they run in the image of the program, start before it, and are ended by the kubelet
 * when it is done (sidecars, Kubernetes 1.29). A single worker needs none, nor do those that worker 0 starts.
 */
export function buildRoleContainers(plan: StagePlan): V1Container[] {
  const { framework, workers } = plan.job.spec;
  if (plan.stage !== 'train' || (workers?.count ?? 1) === 1 || isLaunched(plan.job.spec)) return [];
  return (roles[framework] ?? []).map((role) => buildRoleContainer(role, plan));
}

function buildRoleContainer(role: Role, plan: StagePlan): V1Container {
  const { training } = plan.settings;
  const { args: _args, ...container } = buildStageContainer(plan);
  return {
    ...container,
    name: role.name,
    restartPolicy: 'Always',
    command: ['/bin/sh', '-c', scriptOf(role)],
    resources: filledResources(undefined, { requests: training.stageRequests, limits: training.stageLimits }),
  };
}

/**
 * A shell that is process 1 ignores TERM unless it has a trap, and would keep the pod for the whole grace period. What
 * fails is started again by the kubelet; what is done, or not wanted here, waits for the end.
 */
const scriptOf = ({ script, isOnlyFirst }: Role): string =>
  [
    `trap 'kill $child 2>/dev/null; exit 0' TERM`,
    ...(isOnlyFirst ? ['if [ "$JOB_COMPLETION_INDEX" = 0 ]; then'] : []),
    `${script} & child=$!`,
    'wait $child || exit 1',
    ...(isOnlyFirst ? ['fi'] : []),
    'sleep 2147483647 & child=$!',
    'wait $child',
    '',
  ].join('\n');
