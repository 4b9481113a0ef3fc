import { createdAt, type ContainerStatus, type ObservedPod, type Terminated } from './observed.ts';
import type { Progress } from './progress.ts';
import { parseReport, type Findings, type Report } from './report.ts';

interface Ended {
  terminated: Terminated;
  report: Report | undefined;
}

/** What the containers of a verification pod reported; undefined while, or when, they reported nothing that decides. */
export function readReports(pod: ObservedPod): Progress | undefined {
  const fetch = readEnd(pod.status?.initContainerStatuses, 'fetch');
  const verify = readEnd(pod.status?.containerStatuses, 'verify');
  const findings = { ...fetch?.report?.findings, ...verify?.report?.findings };
  return refusalOf(fetch, findings) ?? refusalOf(verify, findings) ?? successOf(pod, verify, findings);
}

function readEnd(statuses: readonly ContainerStatus[] | undefined, name: string): Ended | undefined {
  const terminated = statuses?.find((status) => status.name === name)?.state?.terminated;
  return terminated === undefined ? undefined : { terminated, report: parseReport(terminated.message) };
}

function refusalOf(end: Ended | undefined, findings: Findings): Progress | undefined {
  if (end?.report?.ok !== false) return undefined;
  const { reason, message, retryable } = end.report;
  const { finishedAt } = end.terminated;
  return {
    state: 'failed',
    failure: { reason, message, retryable, findings },
    ...(finishedAt === undefined ? {} : { finishedAt }),
  };
}

function successOf(pod: ObservedPod, verify: Ended | undefined, findings: Findings): Progress | undefined {
  if (verify?.report?.ok !== true || verify.terminated.exitCode !== 0 || findings.digest === undefined)
    return undefined;
  return {
    state: 'succeeded',
    findings,
    image: runtimeImageOf(pod),
    finishedAt: verify.terminated.finishedAt ?? createdAt(pod),
  };
}

const runtimeImageOf = ({ spec }: ObservedPod): string => spec?.containers?.[0]?.image ?? '';
