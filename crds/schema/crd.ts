import type { z } from 'zod';
import type { Manifest } from './manifest.ts';
import { ConditionType, UNREPORTED } from './reasons.ts';
import type { Rule } from './rules.ts';
import { celRules } from './rules.ts';
import { GROUP, VERSION } from './shared.ts';
import type { StructuralSchema } from './structural.ts';
import { toStructuralSchema } from './structural.ts';

/** A column of `kubectl get`. Columns with priority 1 are shown by `kubectl get -o wide` only. */
export interface PrinterColumn {
  name: string;
  type: 'string' | 'integer' | 'number' | 'date';
  jsonPath: string;
  description: string;
  priority?: 0 | 1;
}

/** The JSON paths behind `kubectl scale` and autoscalers. */
interface ScalePaths {
  specReplicasPath: string;
  statusReplicasPath: string;
  labelSelectorPath: string;
}

/** Everything that makes a kind a CustomResourceDefinition. */
export interface KindDefinition {
  kind: string;
  plural: string;
  singular: string;
  shortNames: readonly string[];
  description: string;
  spec: z.ZodType;
  status: z.ZodType;
  /** CEL rules on the whole object: the only place where `metadata.name` can be checked. */
  rules: readonly Rule<Manifest>[];
  columns: readonly PrinterColumn[];
  scale?: ScalePaths;
}

/**
 * The status of an object that the operator has not reported on yet. kstatus takes an object without observedGeneration and
 * without Ready for done, so without this `apply` and `wait` would succeed before anything has happened.
 */
const UNOBSERVED = {
  observedGeneration: -1,
  conditions: [
    {
      type: ConditionType.Ready,
      status: 'Unknown',
      reason: UNREPORTED,
      message: 'The operator has not reported on this object yet. When this stays so, see whether the operator runs.',
      lastTransitionTime: '1970-01-01T00:00:00Z',
    },
  ],
};

/** The schema of a whole object of this kind. */
export const objectSchema = (definition: KindDefinition): StructuralSchema => ({
  type: 'object',
  description: definition.description,
  properties: {
    apiVersion: { type: 'string', description: `Always ${GROUP}/${VERSION}.` },
    kind: { type: 'string', description: `Always ${definition.kind}.` },
    metadata: { type: 'object' }, // the API server describes it itself and forbids any other word on it
    spec: { description: `What you want of this ${definition.kind}.`, ...toStructuralSchema(definition.spec) },
    status: {
      description: 'What AI Mass found and did. Written by the operator only.',
      ...toStructuralSchema(definition.status),
      default: UNOBSERVED,
    },
  },
  required: ['spec'],
  'x-kubernetes-validations': celRules(definition.rules),
});

/** The file name of a kind's manifest. */
export const crdFileName = ({ plural }: KindDefinition): string => `${GROUP}_${plural}.yaml`;

/** The CustomResourceDefinition of a kind, ready to be written as YAML. */
export const buildCrd = (definition: KindDefinition) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${definition.plural}.${GROUP}` },
  spec: {
    group: GROUP,
    names: {
      kind: definition.kind,
      listKind: `${definition.kind}List`,
      plural: definition.plural,
      singular: definition.singular,
      shortNames: definition.shortNames,
      categories: ['aimass'],
    },
    scope: 'Namespaced',
    versions: [
      {
        name: VERSION,
        served: true,
        storage: true,
        additionalPrinterColumns: definition.columns,
        schema: { openAPIV3Schema: objectSchema(definition) },
        subresources: { status: {}, ...(definition.scale === undefined ? {} : { scale: definition.scale }) },
      },
    ],
  },
});
