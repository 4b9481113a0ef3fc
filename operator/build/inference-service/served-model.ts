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

/** What may be served of a Model: its verified revision; undefined while there is none. */
export function servedModel(model: Model): ServedModel | undefined {
  const current = model.status?.current;
  if (current?.digest === undefined) return undefined;
  const { source, credentials } = model.spec;
  return {
    name: model.metadata.name,
    revision: current.revision,
    digest: current.digest,
    uri: current.uri ?? source.uri,
    task: current.task ?? model.spec.task,
    ...(current.goldenConfigMap === undefined ? {} : { goldenConfigMap: current.goldenConfigMap }),
    ...(credentials === undefined ? {} : { credentialsSecret: credentials.secretName }),
    ...(source.caBundle === undefined ? {} : { caBundle: source.caBundle }),
    ...(source.maxSize === undefined ? {} : { maxSize: String(source.maxSize) }),
  };
}
