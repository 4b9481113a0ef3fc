import type { V1Container, V1ResourceRequirements } from '@kubernetes/client-node';
import { acceleratorLimits, DEVICE_CLAIM } from '../accelerator.ts';
import { filledResources } from '../container-resources.ts';
import { containerSecurity } from '../pod-security.ts';
import { stageEnvironment } from './environment.ts';
import { expand } from './expand.ts';
import { launched } from './frameworks/mpi/launched.ts';
import { imageOf } from './images.ts';
import type { StagePlan } from './plan.ts';
import { publishArguments, publishMounts } from './publish-container.ts';
import { ROOT } from './run-folder.ts';
import { parametersOf } from './stage-document.ts';
import { hasMpiFiles, stageMounts } from './volumes.ts';

/** The container that does the work of a stage; it is named after the stage. */
export function buildStageContainer(plan: StagePlan): V1Container {
  const { image, pullPolicy, isOurs } = imageOf(plan);
  return {
    name: plan.stage,
    image,
    ...(pullPolicy === undefined ? {} : { imagePullPolicy: pullPolicy }),
    ...programOf(plan),
    env: stageEnvironment(plan),
    resources: resourcesOf(plan),
    // Many programs write beside themselves.
    securityContext: containerSecurity(isOurs),
    // What a user's program printed last is better than nothing.
    terminationMessagePolicy: isUsersProgram(plan) ? 'FallbackToLogsOnError' : 'File',
    volumeMounts: [...stageMounts(plan), ...(plan.stage === 'publish' ? publishMounts(plan) : [])],
  };
}

/** Whether the container runs what the user wrote, in whichever image. */
const isUsersProgram = ({ stage, job: { spec } }: StagePlan): boolean => stage === 'train' && spec.recipe === undefined;

function programOf(plan: StagePlan): Pick<V1Container, 'command' | 'args' | 'workingDir'> {
  if (plan.stage === 'publish') return { args: publishArguments(plan) };
  if (!isUsersProgram(plan)) return { args: [plan.stage] };
  const { command, args, code } = plan.job.spec;
  const parameters = parametersOf(plan);
  const expanded = (words: readonly string[]): string[] => words.map((word) => expand(word, parameters));
  return {
    ...(command === undefined ? {} : { command: hasMpiFiles(plan) ? launched(expanded(command)) : expanded(command) }),
    ...(args === undefined ? {} : { args: expanded(args) }),
    ...(code === undefined ? {} : { workingDir: `${ROOT}/code` }),
  };
}

function resourcesOf({ stage, job: { spec }, settings: { training } }: StagePlan): V1ResourceRequirements {
  if (stage !== 'train') {
    return filledResources(undefined, { requests: training.stageRequests, limits: training.stageLimits });
  }
  const accelerator = spec.workers?.accelerator;
  const devices = acceleratorLimits(accelerator);
  const { requests, limits } = filledResources(spec.workers?.resources, training);
  return {
    requests: { ...requests, ...devices },
    limits: { ...limits, ...devices },
    ...(accelerator?.deviceClass === undefined ? {} : { claims: [{ name: DEVICE_CLAIM }] }),
  };
}
