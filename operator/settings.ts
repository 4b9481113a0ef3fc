import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';

const quantityText = z.union([z.string(), z.number()]).transform(String);
const resourceList = z.record(z.string(), quantityText);

/** Everything the platform team can set, with every default written once. The chart renders it to a file. */
const settingsSchema = z.strictObject({
  /** The one image of the data plane; its roles are fetch, verify and serve. */
  runtimeImage: z.string().min(1),
  runtimeImagePullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']).default('IfNotPresent'),
  /** The variant of it that carries the GPU's libraries; services with an accelerator then run there. */
  gpuRuntimeImage: z.string().min(1).optional(),
  imagePullSecrets: z.array(z.string()).default([]),
  /** Namespace the operator runs in: the Lease lives there, and its pods may scrape the serving pods. */
  namespace: z.string().min(1).default('aimass-system'),
  /** Namespaces to watch; empty means all. */
  watchNamespaces: z.array(z.string()).default([]),
  /** Registries that speak plain HTTP, as host:port. */
  insecureRegistries: z.array(z.string()).default([]),
  fetch: z
    .strictObject({
      maxSize: quantityText.default('10Gi'),
      timeoutSeconds: z.int().min(1).default(1800),
      /** Private hosts that models may come from: host, *.domain, address or range, each with :port if only one is meant; or *. */
      allowedPrivateHosts: z.array(z.string().regex(/^[^\s,]+$/)).default([]),
      /** S3-compatible store and region of s3 sources that name none; empty means AWS. */
      s3Endpoint: z.string().default(''),
      s3Region: z.string().default(''),
      /** Hugging Face hub; empty means https://huggingface.co. */
      hfEndpoint: z.string().default(''),
    })
    .prefault({}),
  verification: z
    .strictObject({
      deadlineSeconds: z.int().min(10).default(3600),
      measureSeconds: z.number().min(0.1).default(3),
      /** How many verification Jobs may run at once. */
      concurrency: z.int().min(1).default(4),
      requests: resourceList.default({ cpu: '250m', memory: '512Mi' }),
      limits: resourceList.default({ memory: '2Gi' }),
    })
    .prefault({}),
  serving: z
    .strictObject({
      requests: resourceList.default({ cpu: '250m', memory: '256Mi' }),
      limits: resourceList.default({ memory: '2Gi' }),
      drainSeconds: z.int().min(1).default(20),
      probePeriodSeconds: z.int().min(1).default(5),
    })
    .prefault({}),
  cache: z
    .strictObject({
      type: z.enum(['Ephemeral', 'Claim', 'ImageVolume']).default('Ephemeral'),
      size: quantityText.default('10Gi'),
      storageClassName: z.string().default(''),
      accessMode: z.enum(['ReadWriteOnce', 'ReadWriteMany']).default('ReadWriteOnce'),
    })
    .prefault({}),
  training: z
    .strictObject({
      /** The Python image: recipes, preparation, evaluation, conversion, compression, and programs that bring no image. */
      toolkitImage: z.string().min(1).default('localhost/aimass/toolkit:latest'),
      toolkitImagePullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']).default('IfNotPresent'),
      /** Its variants for frameworks that it does not hold; without one, jobs of that framework bring their own image and ONNX. */
      tensorflowImage: z.string().min(1).optional(),
      paddlepaddleImage: z.string().min(1).optional(),
      mxnetImage: z.string().min(1).optional(),
      /** Registry, as host:port, of artifacts whose job names none; empty: each job has to name one. */
      registry: z.string().default(''),
      /** Domain of the cluster: elastic PyTorch workers know themselves by their whole name. */
      clusterDomain: z.string().min(1).default('cluster.local'),
      /** Base URL of the suggest service of searches; empty: there is none. */
      suggestUrl: z.string().default(''),
      workspace: z
        .strictObject({
          size: quantityText.default('10Gi'),
          storageClassName: z.string().default(''),
          accessMode: z.enum(['ReadWriteOnce', 'ReadWriteMany']).default('ReadWriteOnce'),
        })
        .prefault({}),
      /** Of a training pod whose job sets none. */
      requests: resourceList.default({ cpu: '500m', memory: '512Mi' }),
      limits: resourceList.default({ memory: '4Gi' }),
      /** Of the pods of all other stages. */
      stageRequests: resourceList.default({ cpu: '250m', memory: '512Mi' }),
      stageLimits: resourceList.default({ memory: '4Gi' }),
      /** How long one try of a stage other than training may take. */
      stageDeadlineSeconds: z.int().min(10).default(3600),
      /** How long pods are kept after their end, for their logs. */
      keepSeconds: z.int().min(0).default(3600),
      /** How often the output of training pods is read. */
      watchSeconds: z.int().min(1).default(5),
    })
    .prefault({}),
  figures: z
    .strictObject({ enabled: z.boolean().default(true), everySeconds: z.int().min(1).default(15) })
    .prefault({}),
  leaderElection: z
    .strictObject({
      enabled: z.boolean().default(true),
      /** Operators that share this name elect one leader; two installations in one namespace need two names. */
      leaseName: z.string().min(1).default('aimass-operator'),
      leaseSeconds: z.int().min(3).default(15),
      renewDeadlineSeconds: z.int().min(2).default(10),
      retrySeconds: z.int().min(1).default(2),
    })
    .prefault({}),
  concurrency: z.int().min(1).default(8),
  healthPort: z.int().default(8081),
  metricsPort: z.int().default(8080),
  logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info'),
});

export type Settings = z.output<typeof settingsSchema>;

/** Parses settings; throws an error that names each wrong field. */
export function parseSettings(input: unknown): Settings {
  const result = settingsSchema.safeParse(input);
  if (result.success) return result.data;
  throw new Error(`the settings are not valid: ${z.prettifyError(result.error)}`);
}

/** Reads the settings file (YAML or JSON). */
export function readSettings(path: string): Settings {
  try {
    return parseSettings(parse(readFileSync(path, 'utf8')) ?? {});
  } catch (cause) {
    throw new Error(`reading settings from ${path}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}
