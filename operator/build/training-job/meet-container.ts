import type { V1Container } from '@kubernetes/client-node';
import { durationSeconds } from '../duration.ts';
import { toFlags } from '../flags.ts';
import { containerSecurity } from '../pod-security.ts';
import type { StagePlan } from './plan.ts';
import { workersOf } from './workers.ts';

/**
 * Before the program of several workers starts, all of them must have a place, and names that the others can look up: a
 * pod's name gets into the DNS a moment after the pod, and launchers such as torchrun take a name that is not there yet, also
 * their own, for that of somebody else.
 */
export function buildMeetContainers(plan: StagePlan): V1Container[] {
  const workers = workersOf(plan);
  const { settings, stage, job } = plan;
  if (stage !== 'train' || workers.count === 1) return [];
  const options = {
    hosts: workers.hosts.join(','),
    min: workers.minCount?.toString(),
    'timeout-seconds': String(durationSeconds(job.spec.startTimeout)),
  };
  return [
    {
      name: 'meet',
      image: settings.runtimeImage,
      imagePullPolicy: settings.runtimeImagePullPolicy,
      args: ['meet', ...toFlags(options)],
      resources: { requests: { cpu: '10m', memory: '64Mi' }, limits: { memory: '256Mi' } },
      securityContext: containerSecurity(),
      terminationMessagePolicy: 'File',
      volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
    },
  ];
}
