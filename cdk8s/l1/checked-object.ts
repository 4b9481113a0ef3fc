import type { ApiObjectMetadata } from 'cdk8s';
import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import type { KindDefinition } from '../../crds/schema/crd.ts';
import { checkManifest } from '../../crds/schema/manifest.ts';
import { API_VERSION } from '../../crds/schema/shared.ts';

/** What an object of AI Mass is made from. */
export interface CheckedObjectProps {
  readonly metadata?: ApiObjectMetadata;
  readonly spec: unknown;
}

interface Manifest {
  metadata: { name: string };
  spec: unknown;
}

/** Where an object stands and of which kind it is. */
export interface Place {
  readonly scope: Construct;
  readonly id: string;
  readonly definition: KindDefinition;
}

/** An object of AI Mass that refuses to be synthesised when the API server would refuse it. */
export class CheckedObject extends ApiObject {
  /** Adds the object to `scope`; what is wrong with it is told by `app.synth()`. */
  constructor({ scope, id, definition }: Place, props: CheckedObjectProps) {
    super(scope, id, { apiVersion: API_VERSION, kind: definition.kind, ...props });
    this.node.addValidation({
      validate: () =>
        checkManifest(definition, this.toJson() as Manifest).map(
          (problem) => `${definition.kind} "${this.name}": ${problem}`,
        ),
    });
  }
}
