import type { DataSource } from '../../../crds/schema/training/data.ts';
import { pinnedUri } from '../pinned-uri.ts';
import { dataContainerName, MODEL_CONTAINERS } from './names.ts';
import type { ModelSource, StagePlan } from './plan.ts';

/** Something that `prepare` fetches before its own container starts. */
export interface FetchedSource {
  /** Name of the init container; its volumes are named after it. */
  container: string;
  kind: 'data' | 'model';
  /** Folder below the root that its files come to. */
  folder: string;
  uri: string;
  digest: string | undefined;
  maxSize: string | number | undefined;
  unpack: boolean;
  credentials: { secretName: string } | undefined;
  caBundle: { name: string; key: string } | undefined;
}

/** Everything that the run starts from: its data sets, and the Models it builds on. */
export const sourcesOf = ({ job, models }: StagePlan): FetchedSource[] => [
  ...(job.spec.data ?? []).map(dataSource),
  ...modelSource(models?.base, 'base'),
  ...modelSource(models?.teacher, 'teacher'),
];

const dataSource = ({ name, uri, sha256, maxSize, unpack, credentials, caBundle }: DataSource): FetchedSource => ({
  container: dataContainerName(name),
  kind: 'data',
  folder: `data/${name}`,
  uri,
  digest: sha256 === undefined ? undefined : `sha256:${sha256}`,
  maxSize,
  unpack,
  credentials,
  caBundle,
});

const modelSource = (model: ModelSource | undefined, which: keyof typeof MODEL_CONTAINERS): FetchedSource[] =>
  model === undefined
    ? []
    : [
        {
          container: MODEL_CONTAINERS[which],
          kind: 'model',
          folder: MODEL_CONTAINERS[which],
          uri: pinnedUri(model),
          digest: model.digest,
          maxSize: undefined,
          unpack: false,
          credentials: model.credentials,
          caBundle: model.caBundle,
        },
      ];
