import type { V1Container, V1Probe, V1ResourceRequirements } from '@kubernetes/client-node';
import type { InferenceServiceSpec } from '../../../crds/schema/inference-service.ts';
import { acceleratorLimits, DEVICE_CLAIM } from '../accelerator.ts';
import { toFlags } from '../flags.ts';
import { GRPC_PORT, HTTP_PORT, METRICS_PORT } from './names.ts';
import type { PodPlan } from './pod-template.ts';
import { containerSecurity } from '../pod-security.ts';
import { servingResources } from './serving-resources.ts';
import { modelDir, modelMount } from './volumes.ts';

/** Half an hour: a large model on a slow disk is not a fault, and a start that fails ends the container by itself. */
const STARTUP_ATTEMPTS = 1800;
const GOLDEN_TIMEOUT_SECONDS = 10;

/** The container that answers requests. */
export function buildServeContainer(plan: PodPlan): V1Container {
  const { model, settings } = plan;
  return {
    name: 'serve',
    image: runtimeImageOf(plan),
    imagePullPolicy: settings.runtimeImagePullPolicy,
    args: serveArguments(plan),
    ports: [
      { name: 'http', containerPort: HTTP_PORT, protocol: 'TCP' },
      { name: 'grpc', containerPort: GRPC_PORT, protocol: 'TCP' },
      { name: 'metrics', containerPort: METRICS_PORT, protocol: 'TCP' },
    ],
    resources: serveResources(plan),
    securityContext: containerSecurity(),
    terminationMessagePolicy: 'File',
    ...probes(plan),
    volumeMounts: [
      modelMount(plan, true),
      { name: 'tmp', mountPath: '/tmp' },
      ...(model.goldenConfigMap === undefined ? [] : [{ name: 'golden', mountPath: '/golden', readOnly: true }]),
    ],
  };
}

function serveArguments({ service, model, revision, settings }: PodPlan): string[] {
  const options = {
    model: model.name,
    'model-dir': modelDir(model),
    revision,
    task: model.task,
    golden: model.goldenConfigMap === undefined ? undefined : '/golden/golden.json',
    'http-port': String(HTTP_PORT),
    'grpc-port': String(GRPC_PORT),
    'metrics-port': String(METRICS_PORT),
    'drain-seconds': String(settings.serving.drainSeconds),
    ...batchingFlags(service.spec.batching),
    providers: providersOf({ service, settings })?.join(','),
  };
  return ['serve', ...toFlags(options)];
}

type Batching = InferenceServiceSpec['batching'];

const batchingFlags = ({ maxSize, maxDelayMs, targetP99Ms }: NonNullable<Batching> = {}) => ({
  'max-batch-size': asText(maxSize),
  'max-batch-delay-ms': asText(maxDelayMs),
  'target-p99-ms': asText(targetP99Ms),
});

const asText = (value: number | undefined): string | undefined => (value === undefined ? undefined : String(value));

/** Where models may run: what the service says; on the GPU where it asks for one and the platform has an image for that. */
function providersOf({ service, settings }: Pick<PodPlan, 'service' | 'settings'>): readonly string[] | undefined {
  const { providers, accelerator } = service.spec;
  if (providers !== undefined) return providers;
  return accelerator === undefined || settings.gpuRuntimeImage === undefined ? undefined : ['cuda', 'cpu'];
}

/** The image with the GPU's libraries is several gigabytes, so only services that use them get it. */
function runtimeImageOf({ service, settings }: PodPlan): string {
  const usesGpu = providersOf({ service, settings })?.some((provider) => provider !== 'cpu') === true;
  return (usesGpu ? settings.gpuRuntimeImage : undefined) ?? settings.runtimeImage;
}

function serveResources({ service, settings }: PodPlan): V1ResourceRequirements {
  const { requests, limits } = servingResources(service.spec, settings);
  const devices = acceleratorLimits(service.spec.accelerator);
  return {
    requests: { ...requests, ...devices },
    limits: { ...limits, ...devices },
    ...(service.spec.accelerator?.deviceClass === undefined ? {} : { claims: [{ name: DEVICE_CLAIM }] }),
  };
}

function probes({ model, settings }: PodPlan): Record<'startupProbe' | 'readinessProbe' | 'livenessProbe', V1Probe> {
  const golden = { httpGet: { path: `/v2/models/${model.name}/ready`, port: 'http', scheme: 'HTTP' } };
  return {
    startupProbe: {
      ...golden,
      periodSeconds: 1,
      failureThreshold: STARTUP_ATTEMPTS,
      timeoutSeconds: GOLDEN_TIMEOUT_SECONDS,
    },
    // One wrong answer to the golden request is enough: the pod must not answer anybody any more.
    readinessProbe: {
      ...golden,
      periodSeconds: settings.serving.probePeriodSeconds,
      failureThreshold: 1,
      timeoutSeconds: GOLDEN_TIMEOUT_SECONDS,
    },
    livenessProbe: {
      httpGet: { path: '/healthz', port: 'metrics', scheme: 'HTTP' },
      periodSeconds: 10,
      failureThreshold: 3,
      timeoutSeconds: 5,
    },
  };
}
