import { z } from 'zod';
import type { ObjectMeta } from './shared.ts';
import { conditions, objectName, quantity, resources, validations } from './shared.ts';

const accelerator = z
  .object({
    resourceName: z
      .string()
      .max(253)
      .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?\/[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/)
      .optional()
      .describe('Extended resource that the device plugin offers. Example: nvidia.com/gpu.'),
    mig: z
      .string()
      .regex(/^[1-7]g\.[0-9]+gb(\.me|\+me)?$/)
      .optional()
      .describe('NVIDIA MIG profile, instead of resourceName. Example: 1g.10gb asks for nvidia.com/mig-1g.10gb.'),
    deviceClass: objectName
      .optional()
      .describe('DeviceClass of Dynamic Resource Allocation, instead of resourceName. Example: gpu.nvidia.com.'),
    count: z.int32().min(1).max(64).default(1).describe('How many for each pod. Default: 1.'),
    product: z
      .string()
      .max(63)
      .regex(/^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/)
      .optional()
      .describe('Product, matched against the node label named in productLabel. Example: NVIDIA-A10.'),
    productLabel: z
      .string()
      .max(316)
      .default('nvidia.com/gpu.product')
      .describe('Node label that names the product. Default: nvidia.com/gpu.product.'),
  })
  .meta(
    validations({
      rule: '[has(self.resourceName), has(self.mig), has(self.deviceClass)].filter(given, given).size() == 1',
      message: 'give exactly one of resourceName, mig and deviceClass',
    }),
  )
  .describe('The accelerator that each pod gets.');

const scaling = z
  .object({
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
  })
  .meta(validations({ rule: 'self.min <= self.max', message: 'scaling.min must not be greater than scaling.max' }))
  .describe('Scale with the load between min and max, instead of a fixed number of replicas.');

const toleration = z.object({
  key: z.string().max(316).optional().describe('Taint key; absent with operator Exists matches every taint.'),
  operator: z.enum(['Exists', 'Equal']).optional().describe('Default: Equal.'),
  value: z.string().max(63).optional(),
  effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']).optional().describe('Absent matches every effect.'),
  tolerationSeconds: z.int32().optional().describe('How long a NoExecute taint is tolerated.'),
});

const cache = z
  .object({
    type: z
      .enum(['Ephemeral', 'Claim', 'ImageVolume'])
      .describe(
        'Ephemeral: each pod downloads into its own space. Claim: a volume claim that all pods of the service share, so that a model is downloaded once. ImageVolume: the node pulls the OCI artifact like an image (Kubernetes ≥ 1.33 with a container runtime that supports it; oci:// models only).',
      ),
    size: quantity.optional().describe('Size of the claim. Default: set by the platform team (10Gi).'),
    storageClassName: z
      .string()
      .max(253)
      .optional()
      .describe('Storage class of the claim. Default: the default class of the cluster.'),
    accessMode: z
      .enum(['ReadWriteOnce', 'ReadWriteMany'])
      .optional()
      .describe(
        'ReadWriteMany lets the pods run on any node. With ReadWriteOnce they are all put on one node. Default: set by the platform team (ReadWriteOnce).',
      ),
  })
  .describe('Where pods keep the downloaded model. Default: set by the platform team.');

/** What users may write in `InferenceService.spec`. */
export const inferenceServiceSpec = z
  .object({
    model: z
      .object({ name: objectName.describe('Name of a Model in the same namespace.') })
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
    cache: cache.optional(),
    placement: z
      .object({
        nodeSelector: z.record(z.string(), z.string()).optional().describe('Labels that the node must have.'),
        tolerations: z.array(toleration).max(32).optional().describe('Taints that the pods tolerate.'),
        affinity: z
          .looseObject({})
          .meta({ 'x-kubernetes-preserve-unknown-fields': true })
          .optional()
          .describe('Affinity as in a Pod (kubectl explain pod.spec.affinity).'),
        priorityClassName: objectName.optional().describe('PriorityClass of the pods.'),
      })
      .optional()
      .describe('Where the pods may run.'),
    suspend: z.boolean().default(false).describe('True takes all pods away and keeps everything else. Default: false.'),
  })
  .meta(
    validations({
      rule: '!(has(self.replicas) && has(self.scaling))',
      message: 'give either replicas or scaling, not both',
    }),
  );
export type InferenceServiceSpec = z.infer<typeof inferenceServiceSpec>;

const figures = z.object({
  observedAt: z.iso
    .datetime()
    .describe('When these figures were read. They are written again only when they have changed noticeably.'),
  requestsPerSecond: z.number(),
  errorRate: z.number().describe('Share of requests that failed by fault of the server, from 0 to 1.'),
  latencyMs: z.object({ p50: z.number(), p99: z.number() }).optional().describe('Of the last minute, in milliseconds.'),
  inFlight: z.number().describe('Requests being answered at the moment of reading.'),
  cpu: z.number().describe('Cores in use, all pods together.'),
  memoryBytes: z.int().min(0).describe('Memory in use, all pods together.'),
});

/** What the operator writes in `InferenceService.status`. */
export const inferenceServiceStatus = z.object({
  observedGeneration: z.int32().min(0).optional().describe('The generation that this status was decided for.'),
  conditions: conditions.optional(),
  url: z.string().max(2048).optional().describe('Address inside the cluster. Models answer at /v2/models/NAME/infer.'),
  replicas: z.int32().min(0).optional().describe('Pods that exist.'),
  readyReplicas: z.int32().min(0).optional().describe('Pods that have answered the golden request.'),
  selector: z.string().max(1024).optional().describe('Label selector of the pods, for the scale subresource.'),
  modelRevision: z.string().max(63).optional().describe('Revision of the Model that this service wants to serve.'),
  revisions: z
    .array(
      z.object({
        name: z.string().max(253),
        modelDigest: z.string().max(80),
        percent: z.int32().min(0).max(100).describe('Share of the ready pods that run this revision.'),
        state: z.enum(['Starting', 'Serving', 'Retiring', 'Suspended']),
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
