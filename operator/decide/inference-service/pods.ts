import type { ChildCondition, ContainerStatus, Pod, Terminated } from '../../build/inference-service/children.ts';
import { Label } from '../../build/labels.ts';

/** Finds a condition of a pod or Deployment by type. */
export const conditionOf = (
  conditions: readonly ChildCondition[] | undefined,
  type: string,
): ChildCondition | undefined => conditions?.find((condition) => condition.type === type);

/** Whether the pod counts: pods that are going, or have ended, serve nobody and wait for nothing. */
export const isAlive = ({ metadata, status }: Pod): boolean =>
  metadata.deletionTimestamp === undefined && status?.phase !== 'Failed' && status?.phase !== 'Succeeded';

/** Whether the pod's readiness probe, the golden request, was answered correctly. */
export const isReady = (pod: Pod): boolean => conditionOf(pod.status?.conditions, 'Ready')?.status === 'True';

/** The revision that a pod runs. */
export const revisionOf = ({ metadata }: Pod): string => metadata.labels?.[Label.revision] ?? '';

/** The status of one of the pod's containers, of either kind. */
export const containerStatus = ({ status }: Pod, name: string): ContainerStatus | undefined =>
  [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].find(
    (container) => container.name === name,
  );

/** How the container failed last, if it did. It stays the same while the kubelet waits and tries again. */
export function lastFailure(container: ContainerStatus | undefined): Terminated | undefined {
  const ended = container?.state?.terminated ?? container?.lastState?.terminated;
  return ended === undefined || ended.exitCode === 0 ? undefined : ended;
}

/** What the runtime wrote as its last words (docs/reference/pod-contract.md). */
export interface LastWords {
  reason?: string;
  message: string;
  retryable: boolean;
}

const LONGEST_QUOTE = 600;

/** Reads a termination message; anything but our JSON is quoted as it is, from its end. */
export function lastWords(message: string | undefined): LastWords | undefined {
  if (message === undefined || message.trim() === '') return undefined;
  const parsed = parseWords(message);
  return parsed ?? { message: message.trim().slice(-LONGEST_QUOTE), retryable: false };
}

function parseWords(text: string): LastWords | undefined {
  try {
    const words: unknown = JSON.parse(text);
    if (typeof words !== 'object' || words === null || !('message' in words)) return undefined;
    const { reason, message, retryable } = words as Record<string, unknown>;
    return {
      ...(typeof reason === 'string' ? { reason } : {}),
      message: typeof message === 'string' ? message.slice(0, LONGEST_QUOTE) : '',
      retryable: retryable === true,
    };
  } catch {
    return undefined; // not JSON: a crash that had no time to write it
  }
}
