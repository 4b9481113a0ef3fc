import type { ApiObjectMetadata } from 'cdk8s';
import type { Construct } from 'constructs';
import type { z } from 'zod';
import { modelKind } from '../../crds/schema/kinds.ts';
import type { modelSpec } from '../../crds/schema/model.ts';
import { CheckedObject } from './checked-object.ts';

/** `Model.spec` as people write it: what has a default may be left out. */
export type ModelSpecInput = z.input<typeof modelSpec>;

/** A Model field by field; see `crds/REFERENCE.md`. */
export interface KubeModelProps {
  /** Name, namespace, labels and annotations. */
  readonly metadata?: ApiObjectMetadata;
  /** What you want of this Model. */
  readonly spec: ModelSpecInput;
}

/** The kind Model of `aimass.dev/v1alpha1`, field by field (L1). `Model` says the same by intent. */
export class KubeModel extends CheckedObject {
  /** Adds a Model to `scope`. */
  constructor(scope: Construct, id: string, props: KubeModelProps) {
    super({ scope, id, definition: modelKind }, props);
  }
}
