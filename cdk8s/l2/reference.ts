import { Construct } from 'constructs';

/** Another object of the same namespace: its name, or the construct that makes it (as of cdk8s-plus). */
export type Reference = string | { readonly name: string };

/** The name of what is referred to. */
export const nameOf = (reference: Reference): string => (typeof reference === 'string' ? reference : reference.name);

/** Puts what is referred to before `construct` in the manifest, when it is made by this app. */
export const dependOn = (construct: Construct, reference: Reference): void => {
  if (Construct.isConstruct(reference)) construct.node.addDependency(reference);
};
