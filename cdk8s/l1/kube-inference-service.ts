import type { ApiObjectMetadata } from 'cdk8s';
import type { Construct } from 'constructs';
import type { z } from 'zod';
import type { inferenceServiceSpec } from '../../crds/schema/inference-service.ts';
import { inferenceServiceKind } from '../../crds/schema/kinds.ts';
import { CheckedObject } from './checked-object.ts';

/** `InferenceService.spec` as people write it: what has a default may be left out. */
export type InferenceServiceSpecInput = z.input<typeof inferenceServiceSpec>;

/** An InferenceService field by field; see `crds/REFERENCE.md`. */
export interface KubeInferenceServiceProps {
  /** Name, namespace, labels and annotations. */
  readonly metadata?: ApiObjectMetadata;
  /** What you want of this InferenceService. */
  readonly spec: InferenceServiceSpecInput;
}

/** The kind InferenceService of `aimass.dev/v1alpha1`, field by field (L1). `InferenceService` says the same by intent. */
export class KubeInferenceService extends CheckedObject {
  /** Adds an InferenceService to `scope`. */
  constructor(scope: Construct, id: string, props: KubeInferenceServiceProps) {
    super({ scope, id, definition: inferenceServiceKind }, props);
  }
}
