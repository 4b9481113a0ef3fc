import { isLaunched } from './frameworks/mpi/launched.ts';
import { stageJobName, workersServiceName } from './names.ts';
import type { StagePlan } from './plan.ts';

/** Kubernetes puts the number of the worker here, when it starts the container. */
export const INDEX = '$(JOB_COMPLETION_INDEX)';

/** The workers of one training, as the frameworks need to know them. */
export interface Workers {
  /** Name of their Job. */
  job: string;
  count: number;
  minCount: number | undefined;
  /** Processes that the launcher of the framework starts in each. */
  processes: number;
  maxRestarts: number;
  /** Whether only worker 0 runs the command, which starts programs on the others. */
  isLaunched: boolean;
  /** Host names, by index. */
  hosts: readonly string[];
  /** Host name of worker 0, which the others look for. */
  chief: string;
  /** The same with the domain of the cluster: what worker 0 reads as its own name in /etc/hosts. */
  chiefInFull: string;
  /** Host name of the worker itself, with its index still to be put in. */
  self: string;
}

/** The workers of a training. A single one needs no Service: it finds itself at localhost. */
export function workersOf(plan: StagePlan): Workers {
  const { workers, maxRestarts } = plan.job.spec;
  const job = stageJobName(plan);
  const count = workers?.count ?? 1;
  const service = workersServiceName(plan.job);
  const host = (index: number | string): string => (count === 1 ? 'localhost' : `${job}-${index}.${service}`);
  return {
    job,
    count,
    minCount: workers?.minCount,
    processes: workers?.processesPerWorker ?? 1,
    maxRestarts,
    isLaunched: isLaunched(plan.job.spec),
    hosts: Array.from({ length: count }, (_, index) => host(index)),
    chief: host(0),
    chiefInFull: `${host(0)}.${plan.job.metadata.namespace}.svc.${plan.settings.training.clusterDomain}`,
    self: host(INDEX),
  };
}
