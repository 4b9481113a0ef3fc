import type { ObjectMeta } from '../../crds/schema/shared.ts';

/** Points to the owner of a child. */
export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

/** Metadata of a child. */
type ChildMeta = ObjectMeta & { ownerReferences?: OwnerReference[] };

/** Any object that one of our kinds owns. */
export interface Child {
  apiVersion: string;
  kind: string;
  metadata: ChildMeta;
}
