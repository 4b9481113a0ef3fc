import { z } from 'zod';
import { accelerator, placement } from './placement.ts';
import { positiveQuantity } from './quantity.ts';
import { resources } from './resources.ts';
import { withRules } from './rules.ts';
import type { ObjectMeta } from './shared.ts';
import { conditions, modelName, objectName } from './shared.ts';

const scaling = withRules(
  z.strictObject({
    min: z.int32().min(1).max(1000).default(1).describe('Fewest pods. Default: 1.'),
    max: z.int32().min(1).max(1000).describe('Most pods.'),
    metric: z
      .enum(['cpu', 'memory'])
      .default('cpu')
      .describe('What decides: use of cpu or memory as a share of what the pods request. Default: cpu.'),
    target: z
      .int32()
      .min(1)
      .max(100)
      .default(70)
      .describe('The use to aim for, in percent of the request. Default: 70.'),
  }),
  {
    rule: 'self.min <= self.max',
    message: 'scaling.min must not be greater than scaling.max',
    holds: ({ min, max }) => min <= max,
  },
).describe('Scale with the load between min and max, instead of a fixed number of replicas.');

const cache = withRules(
  z.strictObject({
    type: z
      .enum(['Ephemeral', 'Claim', 'ImageVolume'])
      .describe(
        'Ephemeral: each pod downloads into its own space. Claim: a volume claim that all pods of the service share, so that a model is downloaded once. ImageVolume: the node pulls the OCI artifact like an image (Kubernetes ≥ 1.33 with a container runtime that supports it; oci:// models only).',
      ),
    size: positiveQuantity.optional().describe('Size of the claim. Default: set by the platform team (10Gi).'),
    storageClassName: objectName
      .optional()
      .describe('Storage class of the claim. Default: the default class of the cluster.'),
    accessMode: z
      .enum(['ReadWriteOnce', 'ReadWriteMany'])
      .optional()
      .describe(
        'ReadWriteMany lets the pods run on any node. With ReadWriteOnce they are all put on one node. Default: set by the platform team (ReadWriteOnce).',
      ),
  }),
  {
    rule: "self.type == 'Claim' || !(has(self.size) || has(self.storageClassName) || has(self.accessMode))",
    message: 'size, storageClassName and accessMode belong to type Claim',
    holds: ({ type, size, storageClassName, accessMode }) =>
      type === 'Claim' || [size, storageClassName, accessMode].every((given) => given === undefined),
  },
).describe('Where pods keep the downloaded model. Default: set by the platform team.');

const batching = z
  .strictObject({
    maxSize: z
      .int32()
      .min(1)
      .max(65_536)
      .optional()
      .describe(
        'Most rows in one run. Default: each pod finds out at its start whether rows may share a run and whether that is faster, and then allows 64. 1 never puts requests together.',
      ),
    maxDelayMs: z
      .int32()
      .min(0)
      .max(60_000)
      .optional()
      .describe(
        'How long a request may wait for company, in milliseconds. Default: 0; what came in while the model was busy goes together, and nothing ever waits.',
      ),
    targetP99Ms: z
      .int32()
      .min(1)
      .max(3_600_000)
      .optional()
      .describe('Batches are kept so small that 99 of 100 requests are answered in this time, in milliseconds.'),
  })
  .describe('How requests are put together into one run of the model.');

const providers = z
  .array(z.enum(['cpu', 'cuda', 'tensorrt', 'openvino']))
  .min(1)
  .max(4)
  .refine((names) => new Set(names).size === names.length, 'must not repeat a provider')
  .meta({ 'x-kubernetes-list-type': 'set' })
  .describe(
    "Where the model may run, in the order of preference, by onnxruntime's names. Never silently anywhere else: without `cpu` in the list a model that the others cannot run whole is refused. Default: `cuda, cpu` with an accelerator, where the platform team has set a GPU image; else `cpu`.",
  );

const rollout = z
  .strictObject({
    surge: z
      .int32()
      .min(0)
      .max(100)
      .default(1)
      .describe(
        'How many pods may run beyond the wanted number while a revision replaces another. With 0 an old pod goes before its successor comes: for accelerators that are all in use. A service with one pod then does not answer until the new pod is ready. Default: 1.',
      ),
  })
  .describe('How a new revision replaces the one that runs.');

/** What users may write in `InferenceService.spec`. */
export const inferenceServiceSpec = withRules(
  z.strictObject({
    model: z
      .strictObject({ name: modelName.describe('Name of a Model in the same namespace.') })
      .describe(
        'The model to serve. Its verified revision is served; a new revision rolls out by itself once it is verified.',
      ),
    replicas: z
      .int32()
      .min(0)
      .max(1000)
      .optional()
      .describe('How many pods. Also settable with `kubectl scale`. Default: 1. Leave it out when scaling is given.'),
    scaling: scaling.optional(),
    resources: resources
      .optional()
      .describe(
        'Resources of each serving container. Default: set by the platform team (requests 250m and 256Mi, memory limit 2Gi).',
      ),
    accelerator: accelerator.optional(),
    batching: batching.optional(),
    providers: providers.optional(),
    cache: cache.optional(),
    placement: placement.optional(),
    rollout: rollout.optional(),
    suspend: z.boolean().default(false).describe('True takes all pods away and keeps everything else. Default: false.'),
  }),
  {
    rule: '!(has(self.replicas) && has(self.scaling))',
    message: 'give either replicas or scaling, not both',
    holds: ({ replicas, scaling: wanted }) => replicas === undefined || wanted === undefined,
  },
  {
    rule: '!has(self.accelerator) || !has(self.accelerator.resourceName) || !has(self.resources) || !has(self.resources.limits) || !(self.accelerator.resourceName in self.resources.limits)',
    message: 'the accelerator is asked for twice: leave its resource out of resources.limits',
    holds: (spec) => spec.resources?.limits?.[spec.accelerator?.resourceName ?? ''] === undefined,
  },
);
export type InferenceServiceSpec = z.infer<typeof inferenceServiceSpec>;

const figures = z.object({
  observedAt: z.iso
    .datetime()
    .describe('When these figures were read. They are written again only when they have changed noticeably.'),
  requestsPerSecond: z.number().describe('Answered requests per second, all pods together, over the last minute.'),
  errorRate: z.number().describe('Share of requests that failed by fault of the server, from 0 to 1.'),
  latencyMs: z
    .object({
      p50: z.number().describe('Half of the requests were faster.'),
      p99: z.number().describe('99 of 100 requests were faster.'),
    })
    .optional()
    .describe('Of the last minute, in milliseconds.'),
  inFlight: z.number().describe('Requests being answered at the moment of reading.'),
  cpu: z.number().describe('Cores in use, all pods together.'),
  memoryBytes: z.int().min(0).describe('Memory in use, all pods together.'),
});

/** What the operator writes in `InferenceService.status`. */
export const inferenceServiceStatus = z.object({
  observedGeneration: z
    .int32()
    .min(-1)
    .optional()
    .describe('The generation that this status was decided for; -1 until the operator has seen the object.'),
  conditions: conditions.optional(),
  url: z.string().max(2048).optional().describe('Address inside the cluster. Models answer at /v2/models/NAME/infer.'),
  grpcUrl: z.string().max(2048).optional().describe('Host and port for gRPC inside the cluster.'),
  replicas: z.int32().min(0).optional().describe('Pods that exist.'),
  readyReplicas: z.int32().min(0).optional().describe('Pods that have answered the golden request.'),
  selector: z.string().max(1024).optional().describe('Label selector of the pods, for the scale subresource.'),
  modelRevision: z.string().max(63).optional().describe('Revision of the Model that this service wants to serve.'),
  revisions: z
    .array(
      z.object({
        name: z.string().max(253).describe('Name of its Deployment.'),
        modelDigest: z.string().max(80).describe('Digest of the model that it serves.'),
        percent: z.int32().min(0).max(100).describe('Share of the ready pods that run this revision.'),
        state: z
          .enum(['Starting', 'Serving', 'Retiring', 'Suspended'])
          .describe(
            'Starting: no pod is ready yet. Serving: pods answer. Retiring: pods are going away. Suspended: it has no pods.',
          ),
      }),
    )
    .max(10)
    .optional()
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] })
    .describe('The revisions that have pods, or should have.'),
  waitingFor: z
    .string()
    .max(2048)
    .optional()
    .describe('What is missing, who holds it, and what would help. Absent when nothing is missing.'),
  figures: figures.optional().describe('Live figures, read from the pods.'),
});
export type InferenceServiceStatus = z.infer<typeof inferenceServiceStatus>;

/** One model, served behind one address. */
export interface InferenceService {
  apiVersion: string;
  kind: 'InferenceService';
  metadata: ObjectMeta;
  spec: InferenceServiceSpec;
  status?: InferenceServiceStatus;
}
