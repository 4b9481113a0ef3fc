import { z } from 'zod';
import { positiveQuantity } from './quantity.ts';
import { withRules } from './rules.ts';
import { baseModelDigest, configMapKey, dataSets, objectName } from './shared.ts';
import { sourceUri } from './source-uri.ts';

/** The most that may be fetched. */
export const maxSize = positiveQuantity.optional();
/** Extra certificate authorities. */
export const caBundle = configMapKey('ca.crt', 'PEM certificates to trust beside the public ones').optional();

/** Where a Model comes from. */
export const modelSource = withRules(
  z.strictObject({
    uri: sourceUri
      .optional()
      .describe(
        'Where the model comes from: `https://host/model.onnx`; `oci://registry/repository:tag` or `…@sha256:…` (an OCI artifact); `s3://bucket/path/model.onnx` or `s3://bucket/prefix/` (any S3-compatible store: append `?endpoint=https://host&region=name` when it is not AWS); `hf://owner/name@revision/path` (a Hugging Face repository; revision and path may be left out); or `pvc://claim/path/model.onnx` (a volume claim in the same namespace).',
      ),
    trainingJob: z
      .strictObject({ name: objectName.describe('Name of a TrainingJob in the same namespace.') })
      .optional()
      .describe(
        'Follows a TrainingJob instead of a uri: the model is what that job published and promoted last (its `status.artifact`). A new one is verified before it takes the place of the one before. When the job is deleted, the verified model stays.',
      ),
    maxSize: maxSize.describe(
      'Refuse anything larger than this, counted while it is read. Default: the limit set by the platform team (10Gi).',
    ),
    caBundle: caBundle.describe(
      'Extra certificate authorities for this source, for servers with a private certificate.',
    ),
  }),
  {
    rule: 'has(self.uri) != has(self.trainingJob)',
    message: 'give either uri or trainingJob',
    holds: ({ uri, trainingJob }) => (uri !== undefined) !== (trainingJob !== undefined),
  },
).describe('Where the model comes from: a uri, or a TrainingJob.');

/** What a verified revision was made by. */
export const lineage = z.object({
  trainingJob: z.string().max(253).describe('Name of the TrainingJob.'),
  run: z.int32().min(1).describe('The run of it that made the model.'),
  dataDigests: dataSets({}).describe('What it was trained on.'),
  baseModel: baseModelDigest,
});
/** What a model was made by, and from. */
export type Lineage = z.infer<typeof lineage>;
