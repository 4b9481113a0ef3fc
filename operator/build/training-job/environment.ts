import type { V1EnvVar } from '@kubernetes/client-node';
import type { Scalar } from '../../../crds/schema/training/program.ts';
import { workersEnvironment } from './frameworks/environment.ts';
import { expand, literal } from './expand.ts';
import type { StagePlan } from './plan.ts';
import { parametersOf, stageDocument } from './stage-document.ts';
import { workersOf } from './workers.ts';
import { ROOT, RUNS_ROOT, seesAllRuns } from './run-folder.ts';

const COMPLETION_INDEX = "metadata.annotations['batch.kubernetes.io/job-completion-index']";

/** The environment of the container of a stage. */
export const stageEnvironment = (plan: StagePlan): V1EnvVar[] =>
  unique([
    // Before all that refers to it: a variable only sees those above it. The Job controller would put it last.
    { name: 'JOB_COMPLETION_INDEX', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: COMPLETION_INDEX } } },
    { name: 'HOME', value: '/tmp' },
    ...variables(aboutTheJob(plan)),
    ...variables(parameterEnvironment(parametersOf(plan))),
    ...(plan.stage === 'train' ? trainEnvironment(plan) : []),
  ]);

function aboutTheJob(plan: StagePlan): Record<string, string> {
  const { job, run, stage, trial, bestTrial } = plan;
  return {
    AIMASS_STAGE: stage,
    AIMASS_JOB: job.metadata.name,
    AIMASS_NAMESPACE: job.metadata.namespace,
    AIMASS_RUN: String(run),
    ...(trial === undefined ? {} : { AIMASS_TRIAL: String(trial.number) }),
    ...(stage === 'evaluate' && bestTrial !== undefined ? { AIMASS_KEEP_TRIAL: String(bestTrial) } : {}),
    AIMASS_ROOT: ROOT,
    ...(seesAllRuns(plan) ? { AIMASS_RUNS_ROOT: RUNS_ROOT } : {}),
    AIMASS_SPEC: literal(JSON.stringify(stageDocument(plan))),
  };
}

/** Every parameter as AIMASS_PARAMETER_LEARNING_RATE, whether it is written learningRate, learning-rate or learning_rate. */
const parameterEnvironment = (parameters: Readonly<Record<string, Scalar>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [`AIMASS_PARAMETER_${upperSnake(name)}`, literal(String(value))]),
  );

const upperSnake = (name: string): string =>
  name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .toUpperCase();

function trainEnvironment(plan: StagePlan): V1EnvVar[] {
  const { framework, env } = plan.job.spec;
  const parameters = parametersOf(plan);
  return [
    ...podIp(framework),
    ...variables(workersEnvironment(framework, workersOf(plan))),
    ...(env ?? []).map(({ name, value, secretKeyRef }): V1EnvVar =>
      secretKeyRef === undefined
        ? { name, value: expand(value ?? '', parameters) }
        : { name, valueFrom: { secretKeyRef } },
    ),
  ];
}

/** Paddle's launcher looks up its own address by this; the name of a pod may not resolve yet when it starts. */
const podIp = (framework: string): V1EnvVar[] =>
  framework === 'paddlepaddle'
    ? [{ name: 'POD_IP', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'status.podIP' } } }]
    : [];

const variables = (values: Readonly<Record<string, string>>): V1EnvVar[] =>
  Object.entries(values).map(([name, value]) => ({ name, value }));

/** The API server refuses a name that comes twice. The last one counts: users may set anything anew. */
const unique = (all: readonly V1EnvVar[]): V1EnvVar[] => {
  const last = new Map(all.map((variable) => [variable.name, variable]));
  return all.filter((variable) => last.get(variable.name) === variable);
};
