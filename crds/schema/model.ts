import { z } from 'zod';
import { positiveQuantity } from './quantity.ts';
import { resources } from './resources.ts';
import { matchesRule, withRules } from './rules.ts';
import type { ObjectMeta } from './shared.ts';
import { conditions, configMapKey, duration, objectName } from './shared.ts';
import { caBundle, lineage, maxSize, modelSource } from './model-source.ts';

/** Tasks by their Hugging Face names. The task fixes which tensors the ONNX graph must have (runtime/protocol/task-contract.ts). */
export const TASKS = [
  'image-classification',
  'object-detection',
  'tabular-classification',
  'tabular-regression',
  'text-classification',
  'token-classification',
  'feature-extraction',
  'sentence-similarity',
  'text-ranking',
  'zero-shot-classification',
  'fill-mask',
  'custom',
] as const;
export type Task = (typeof TASKS)[number];

const verification = z
  .strictObject({
    golden: z
      .strictObject({
        configMap: configMapKey('golden.json', 'golden examples').describe('The ConfigMap that holds them.'),
      })
      .optional()
      .describe(
        'Golden examples: Open Inference V2 requests with the responses they must give, and a tolerance. When absent, a file `golden.json` in the artifact is used; when there is none either, the model is run on generated input and the report says so.',
      ),
    limits: z
      .strictObject({
        p99LatencyMs: z
          .int32()
          .min(1)
          .max(3_600_000)
          .optional()
          .describe(
            'The 99th percentile of single-request latency, in milliseconds, that the model may not exceed in verification.',
          ),
        memory: positiveQuantity
          .optional()
          .describe('The memory that the model may not exceed in verification, as a quantity. Example: 512Mi.'),
      })
      .optional()
      .describe('Limits that the measured figures must keep. A model above a limit is not verified.'),
    every: withRules(duration, {
      rule: "!self.matches('^[1-9]s$')",
      message: 'must be 10s or more',
      holds: (text) => !/^[1-9]s$/.test(text),
    })
      .optional()
      .describe(
        'How often a verified model is verified again, such as `24h`. It is also verified again after every upgrade of the runtime. Default: only then.',
      ),
    resources: resources
      .optional()
      .describe(
        'Resources of the verification pod. Default: set by the platform team (requests 250m and 512Mi, memory limit 2Gi).',
      ),
  })
  .describe('How the model is verified before anything may serve it.');

/** What users may write in `Model.spec`. */
export const modelSpec = withRules(
  z.strictObject({
    task: z
      .enum(TASKS)
      .describe(
        'What the model does, by its Hugging Face task name. It fixes which tensors the ONNX graph must have; `custom` demands nothing.',
      ),
    source: modelSource,
    sha256: z
      .string()
      .regex(/^[a-f0-9]{64}$/)
      .optional()
      .describe(
        'Digest that the source must have, in lower-case hexadecimal: of the manifest for oci, of the file for all others. Of several files (s3 prefix, hf) it is the digest of their list, as `sha256sum` prints it, sorted by name. Nothing else is ever accepted in its place.',
      ),
    credentials: z
      .strictObject({
        secretName: objectName.describe(
          'A Secret in the same namespace. For https and oci: `username` and `password`, or `token`, or `.dockerconfigjson`. For hf: `token`. For s3: `accessKeyId` and `secretAccessKey`, and if needed `sessionToken`, `endpoint` and `region`; the names that AWS uses for environment variables work too.',
        ),
      })
      .optional()
      .describe(
        'How to log in to the source. Only the container that downloads the model sees the Secret. Default with source.trainingJob: `spec.publish.credentials` of that job.',
      ),
    verification: verification.optional(),
    card: z
      .strictObject({
        summary: z.string().max(1024).optional().describe('What the model is for, in a sentence or two.'),
        license: z
          .string()
          .max(128)
          .optional()
          .describe('Licence of the weights, as an SPDX identifier. Example: Apache-2.0.'),
        tags: z
          .array(z.string().min(1).max(63))
          .max(32)
          .refine((tags) => new Set(tags).size === tags.length, 'must not repeat a tag')
          .meta({ 'x-kubernetes-list-type': 'set' })
          .optional()
          .describe('Words to find the model by.'),
        homepage: withRules(
          z.string().max(2048),
          matchesRule(/^https?:\/\/[^\s]+$/, 'must begin with https:// or http://'),
        )
          .optional()
          .describe('Where to read more.'),
      })
      .optional()
      .describe('The model card: what people read when they choose a model.'),
  }),
  {
    rule: '!has(self.sha256) || has(self.source.uri)',
    message: 'spec.sha256 is for spec.source.uri; a TrainingJob says itself which digest it published',
    holds: ({ source: { uri }, sha256 }) => sha256 === undefined || uri !== undefined,
  },
  {
    rule: "!has(self.source.uri) || !self.source.uri.startsWith('oci://') || !has(self.sha256) || !self.source.uri.contains('@sha256:') || self.source.uri.endsWith('@sha256:' + self.sha256)",
    message: 'spec.sha256 and the digest in spec.source.uri differ; remove one of them or make them equal',
    holds: ({ source: { uri }, sha256 }) =>
      uri?.startsWith('oci://') !== true ||
      sha256 === undefined ||
      !uri.includes('@sha256:') ||
      uri.endsWith(`@sha256:${sha256}`),
  },
  {
    rule: "!has(self.source.uri) || !self.source.uri.startsWith('pvc://') || !has(self.credentials)",
    message: 'spec.credentials is for sources on the network; a volume claim needs no login',
    holds: ({ source: { uri }, credentials }) => uri?.startsWith('pvc://') !== true || credentials === undefined,
  },
  {
    rule: "!has(self.source.uri) || !self.source.uri.startsWith('pvc://') || !has(self.source.caBundle)",
    message: 'spec.source.caBundle is for sources on the network; a volume claim has no certificate',
    holds: ({ source: { uri, caBundle } }) => uri?.startsWith('pvc://') !== true || caBundle === undefined,
  },
);

export type ModelSpec = z.infer<typeof modelSpec>;

const tensor = z.object({
  name: z.string().max(512).describe('Name of the tensor in the ONNX graph.'),
  datatype: z.string().max(16).describe('Open Inference V2 data type, such as FP32.'),
  shape: z.array(z.int32().min(-1)).max(16).describe('Dimensions; -1 stands for any size.'),
});

const report = z.object({
  golden: z
    .object({
      total: z.int32().describe('How many golden examples there were.'),
      passed: z.int32().describe('How many were answered correctly.'),
      source: z
        .enum(['ConfigMap', 'Artifact', 'Generated'])
        .describe('Where they came from. Generated: none were given, and the model was run on generated input.'),
    })
    .optional()
    .describe('How the golden examples were answered.'),
  latencyMs: z
    .object({
      p50: z.number().describe('Half of the requests were faster.'),
      p99: z.number().describe('99 of 100 requests were faster.'),
    })
    .optional()
    .describe('Latency of one request at a time, in milliseconds.'),
  memoryBytes: z.int().min(0).optional().describe('Peak memory of the process that ran the model.'),
  loadSeconds: z.number().optional().describe('Seconds to load the model.'),
  maxRequestsPerSecond: z.number().optional().describe('Single requests per second that the verification pod reached.'),
});

const revisionState = {
  digest: z
    .string()
    .max(80)
    .optional()
    .describe('`sha256:…` of the file, of the OCI manifest, or of the list of files.'),
  uri: z
    .string()
    .max(2048)
    .optional()
    .describe(
      'Where it was fetched from: spec.source.uri at that time, for hf with the commit that the revision stood for.',
    ),
  sizeBytes: z.int().min(0).optional().describe('Bytes fetched.'),
  format: z.string().max(64).optional().describe('Format of the file: onnx.'),
  opset: z.int32().optional().describe('Version of the default ONNX operator set.'),
  producer: z.string().max(256).optional().describe('The program that wrote the file, as it says itself.'),
  parameterCount: z.int().min(0).optional().describe('Numbers that were learned: elements of all weights.'),
  inputs: z.array(tensor).max(64).optional().describe('Tensors that a request must hold.'),
  outputs: z.array(tensor).max(64).optional().describe('Tensors that an answer holds.'),
  report: report.optional().describe('What verification measured.'),
};

const current = z.object({
  revision: z
    .string()
    .max(63)
    .describe('Short name of what is verified: it changes when the file or its golden examples change.'),
  ...revisionState,
  credentials: z
    .object({ secretName: z.string().max(253).describe('Name of the Secret.') })
    .optional()
    .describe('The login that it was fetched with. Pods of this revision fetch it with the same.'),
  caBundle: caBundle.describe('The extra certificate authorities that it was fetched with.'),
  maxSize: maxSize.describe('The limit that it was fetched under, when the spec named one.'),
  goldenConfigMap: z
    .string()
    .max(253)
    .optional()
    .describe('The frozen copy of the golden examples that pods of this revision check themselves against.'),
  verifiedAt: z.iso.datetime().optional().describe('When it last passed verification.'),
  verifiedWith: z.string().max(512).optional().describe('The runtime image that verified it.'),
  task: z.enum(TASKS).optional().describe('The task whose tensors it was verified to have.'),
  specHash: z.string().max(63).optional().describe('Which source and verification settings it was verified for.'),
});

const candidate = z.object({
  ...revisionState,
  phase: z.enum(['Pending', 'Verifying', 'Failed']).describe('How far the verification is.'),
  specHash: z.string().max(63).describe('Which source and verification settings this candidate stands for.'),
  job: z.string().max(253).optional().describe('The verification Job.'),
  lineage: lineage.optional().describe('What made it, when it comes from a TrainingJob.'),
  goldenConfigMap: z
    .string()
    .max(253)
    .optional()
    .describe('The frozen copy of the golden examples it is verified with.'),
  attempts: z.int32().min(0).optional().describe('How often it was tried and failed.'),
  verifiedWith: z.string().max(512).optional().describe('The runtime image that verifies it.'),
  retryable: z.boolean().optional().describe('Whether the last failure can pass without anybody changing anything.'),
  retryAt: z.iso.datetime().optional().describe('When it is tried again, when the failure can pass by itself.'),
  startedAt: z.iso.datetime().optional().describe('When this attempt began.'),
  reason: z.string().max(128).optional().describe('One word for programs: why it failed.'),
  message: z.string().max(4096).optional().describe('A sentence for people: why it failed, and what to do about it.'),
});

/** The verified revision of a Model. */
export type CurrentRevision = z.infer<typeof current>;
/** A revision that is being verified, or that failed. */
export type CandidateRevision = z.infer<typeof candidate>;

/** What the operator writes in `Model.status`. */
export const modelStatus = z.object({
  observedGeneration: z
    .int32()
    .min(-1)
    .optional()
    .describe('The generation that this status was decided for; -1 until the operator has seen the object.'),
  conditions: conditions.optional(),
  current: current.optional().describe('The verified revision: what services serve.'),
  candidate: candidate.optional().describe('What is being verified, or what failed. It never serves.'),
  lineage: lineage.optional().describe('What made the verified revision, when it comes from a TrainingJob.'),
  history: z
    .array(
      z.object({
        revision: z.string().max(63).describe('Short name of what was verified.'),
        digest: z.string().max(80).optional().describe('Its digest, when it got as far as being fetched.'),
        verifiedAt: z.iso.datetime().describe('When the verification ended.'),
        outcome: z.enum(['Verified', 'Failed']).describe('How it ended.'),
        reason: z.string().max(128).optional().describe('Why it failed.'),
      }),
    )
    .max(10)
    .optional()
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .describe('The last ten verifications, newest first.'),
  usedBy: z
    .array(z.string().max(253))
    .max(50)
    .optional()
    .describe('InferenceServices that serve this model (the first fifty by name).'),
  usedByCount: z.int32().min(0).optional().describe('How many InferenceServices serve this model.'),
});
export type ModelStatus = z.infer<typeof modelStatus>;

/** A model of the library. */
export interface Model {
  apiVersion: string;
  kind: 'Model';
  metadata: ObjectMeta;
  spec: ModelSpec;
  status?: ModelStatus;
}

/** A Model of which it is known where it comes from: written in its spec, or said by the TrainingJob that it follows. */
export type SourcedModel = Model & { spec: { source: { uri: string } } };
