import type { Model } from '../../../crds/schema/model.ts';

/** Everything that pods need to know of a Model, frozen with the revision: the Model itself may go. */
export interface ServedModel {
  name: string;
  revision: string;
  digest: string;
  uri: string;
  task?: string;
  /** The Model's frozen golden examples; the revision keeps a copy of its own. */
  goldenConfigMap?: string;
  credentialsSecret?: string;
  caBundle?: { name: string; key: string };
  maxSize?: string;
}

/**
 * What may be served of a Model: its verified revision, from where it was verified; undefined while there is none. The spec
 * may point elsewhere by now, with another login.
 */
export function servedModel(model: Model): ServedModel | undefined {
  const current = model.status?.current;
  if (current?.digest === undefined) return undefined;
  return {
    name: model.metadata.name,
    revision: current.revision,
    digest: current.digest,
    uri: current.uri ?? uriOf(model),
    task: current.task ?? model.spec.task,
    ...(current.goldenConfigMap === undefined ? {} : { goldenConfigMap: current.goldenConfigMap }),
    ...(current.credentials === undefined ? {} : { credentialsSecret: current.credentials.secretName }),
    ...(current.caBundle === undefined ? {} : { caBundle: current.caBundle }),
    ...(current.maxSize === undefined ? {} : { maxSize: String(current.maxSize) }),
  };
}

/** Revisions from before the uri was kept came from the spec's. */
const uriOf = ({ spec }: Model): string => spec.source.uri ?? '';
