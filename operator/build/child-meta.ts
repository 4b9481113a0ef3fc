import type { ObjectMeta } from '../../crds/schema/shared.ts';
import { Label, MANAGED_BY } from './labels.ts';

/** What a child needs to know of its parent. */
export interface Parent {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
}

/** Metadata of a child: its name, its labels, and the owner reference that lets the garbage collector remove it. */
export function childMeta(parent: Parent, name: string, labels: Readonly<Record<string, string>> = {}) {
  return {
    name,
    namespace: parent.metadata.namespace,
    labels: { [Label.managedBy]: MANAGED_BY, ...labels },
    ownerReferences: [
      {
        apiVersion: parent.apiVersion,
        kind: parent.kind,
        name: parent.metadata.name,
        uid: parent.metadata.uid ?? '',
        controller: true,
        blockOwnerDeletion: true,
      },
    ],
  };
}
