import { z } from 'zod';
import { withRules } from './rules.ts';
import { objectName } from './shared.ts';

const QUALIFIED_NAME = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const LABEL_VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/;

/** The accelerator that each pod gets. */
export const accelerator = withRules(
  z.strictObject({
    resourceName: z
      .string()
      .max(253)
      .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?\/[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/)
      .optional()
      .describe('Extended resource that the device plugin offers. Example: nvidia.com/gpu.'),
    mig: z
      .string()
      .max(32)
      .regex(/^[1-7]g\.[0-9]+gb(\.me|\+me)?$/)
      .optional()
      .describe('NVIDIA MIG profile, instead of resourceName. Example: 1g.10gb asks for nvidia.com/mig-1g.10gb.'),
    deviceClass: objectName
      .optional()
      .describe('DeviceClass of Dynamic Resource Allocation, instead of resourceName. Example: gpu.nvidia.com.'),
    count: z.int32().min(1).max(64).default(1).describe('How many for each pod. Default: 1.'),
    product: z
      .string()
      .min(1)
      .max(63)
      .regex(LABEL_VALUE)
      .optional()
      .describe('Product, matched against the node label named in productLabel. Example: NVIDIA-A10.'),
    productLabel: z
      .string()
      .min(1)
      .max(316)
      .regex(QUALIFIED_NAME)
      .default('nvidia.com/gpu.product')
      .describe('Node label that names the product. Default: nvidia.com/gpu.product.'),
  }),
  {
    rule: '[has(self.resourceName), has(self.mig), has(self.deviceClass)].filter(given, given).size() == 1',
    message: 'give exactly one of resourceName, mig and deviceClass',
    holds: ({ resourceName, mig, deviceClass }) =>
      [resourceName, mig, deviceClass].filter((given) => given !== undefined).length === 1,
  },
).describe('The accelerator that each pod gets.');

const toleration = withRules(
  z.strictObject({
    key: z
      .string()
      .min(1)
      .max(316)
      .regex(QUALIFIED_NAME)
      .optional()
      .describe('Taint key; absent with operator Exists matches every taint.'),
    operator: z
      .enum(['Exists', 'Equal'])
      .optional()
      .describe('Equal: key and value must be those of the taint. Exists: the key is enough. Default: Equal.'),
    value: z.string().max(63).regex(LABEL_VALUE).optional().describe('Taint value, for operator Equal.'),
    effect: z
      .enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute'])
      .optional()
      .describe('Taint effect. Absent matches every effect.'),
    tolerationSeconds: z
      .int32()
      .min(0)
      .optional()
      .describe('How many seconds a NoExecute taint is tolerated. Absent: for ever.'),
  }),
  {
    rule: "has(self.key) || (has(self.operator) && self.operator == 'Exists')",
    message: 'a toleration without key needs operator Exists',
    holds: ({ key, operator }) => key !== undefined || operator === 'Exists',
  },
  {
    rule: "!has(self.value) || !has(self.operator) || self.operator != 'Exists'",
    message: 'a toleration with operator Exists has no value',
    holds: ({ value, operator }) => value === undefined || operator !== 'Exists',
  },
  {
    rule: "!has(self.tolerationSeconds) || (has(self.effect) && self.effect == 'NoExecute')",
    message: 'tolerationSeconds needs effect NoExecute',
    holds: ({ tolerationSeconds, effect }) => tolerationSeconds === undefined || effect === 'NoExecute',
  },
).meta({ 'x-kubernetes-map-type': 'atomic' });

const podRule = (kind: string) =>
  z
    .looseObject({})
    .meta({ 'x-kubernetes-preserve-unknown-fields': true })
    .optional()
    .describe(`As in a Pod: kubectl explain pod.spec.affinity.${kind}.`);

/** Where the pods may run. */
export const placement = z
  .strictObject({
    nodeSelector: z
      .record(z.string(), z.string().max(63).regex(LABEL_VALUE))
      .meta({ maxProperties: 32 })
      .optional()
      .describe('Labels that the node must have.'),
    tolerations: z
      .array(toleration)
      .max(32)
      .refine((list) => new Set(list.map((one) => JSON.stringify(one))).size === list.length, 'must not repeat an item')
      .meta({ 'x-kubernetes-list-type': 'set' })
      .optional()
      .describe('Taints that the pods tolerate.'),
    affinity: z
      .strictObject({
        nodeAffinity: podRule('nodeAffinity'),
        podAffinity: podRule('podAffinity'),
        podAntiAffinity: podRule('podAntiAffinity'),
      })
      .optional()
      .describe('Affinity of the pods to nodes and to other pods.'),
    priorityClassName: objectName.optional().describe('PriorityClass of the pods.'),
  })
  .describe('Where the pods may run.');
