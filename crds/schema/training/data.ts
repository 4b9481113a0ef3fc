import { z } from 'zod';
import { positiveQuantity } from '../quantity.ts';
import { hasUniqueNames, withRules } from '../rules.ts';
import { configMapKey, modelName, objectName } from '../shared.ts';
import { sourceUri } from '../source-uri.ts';

/** One data set. */
const dataSource = withRules(
  z.strictObject({
    name: z
      .string()
      .min(1)
      .max(40)
      .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/)
      .describe(
        'Name of the data set: its files are at /aimass/data/NAME. `train`, `validation` and `test` say what it is for.',
      ),
    uri: sourceUri.describe(
      'Where the data comes from, in the forms of `Model.spec.source.uri`: a file, an OCI artifact, an S3 object or prefix, a Hugging Face repository (`hf://datasets/owner/name` for data sets), or a file or folder of a volume claim.',
    ),
    sha256: z
      .string()
      .regex(/^[a-f0-9]{64}$/)
      .optional()
      .describe(
        'Digest that the data must have, counted as for `Model.spec.sha256`. It is recorded in status either way.',
      ),
    unpack: z.boolean().default(false).describe('Unpack a .tar, .tar.gz or .tgz file. Default: false.'),
    maxSize: positiveQuantity.optional().describe('Refuse anything larger. Default: set by the platform team.'),
    credentials: z
      .strictObject({ secretName: objectName.describe('A Secret, as in `Model.spec.credentials`.') })
      .optional()
      .describe('How to log in to the source. Only the container that downloads sees the Secret.'),
    caBundle: configMapKey('ca.crt', 'PEM certificates to trust beside the public ones')
      .optional()
      .describe('Extra certificate authorities for this source.'),
  }),
  {
    rule: "!self.uri.startsWith('pvc://') || !(has(self.credentials) || has(self.caBundle))",
    message: 'credentials and caBundle are for sources on the network; a volume claim needs neither',
    holds: ({ uri, credentials, caBundle }) =>
      !uri.startsWith('pvc://') || (credentials === undefined && caBundle === undefined),
  },
);
export type DataSource = z.infer<typeof dataSource>;

/** The data sets of a job. */
export const data = z
  .array(dataSource)
  .max(16)
  .refine(hasUniqueNames, 'must not name a data set twice')
  .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] })
  .describe('What to train on. Each data set is downloaded once for a run, and its digest is recorded.');

/** A Model of the same namespace that a job starts from. */
export const modelReference = z.strictObject({ name: modelName.describe('Name of a Model in the same namespace.') });

/** Where a run keeps its files. */
export const workspace = z
  .strictObject({
    size: positiveQuantity.optional().describe('Size of the volume claim. Default: set by the platform team (10Gi).'),
    storageClassName: objectName
      .optional()
      .describe('Storage class of the claim. Default: the default class of the cluster.'),
    accessMode: z
      .enum(['ReadWriteOnce', 'ReadWriteMany'])
      .optional()
      .describe(
        'ReadWriteMany lets workers run on any node. With ReadWriteOnce they are all put on one node. Default: set by the platform team (ReadWriteOnce).',
      ),
  })
  .describe(
    'The volume claim that keeps data, checkpoints and outputs between stages. It is made by itself when more than training is wanted; give this to size it, or to keep checkpoints of a job that only trains.',
  );
