/** Media types of OCI manifests and of the CNCF ModelPack layout. */
export const MediaType = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerIndex: 'application/vnd.docker.distribution.manifest.list.v2+json',
  modelManifest: 'application/vnd.cncf.model.manifest.v1+json',
  modelConfig: 'application/vnd.cncf.model.config.v1+json',
  weight: 'application/vnd.cncf.model.weight.v1.raw',
  weightConfig: 'application/vnd.cncf.model.weight.config.v1.raw',
  doc: 'application/vnd.cncf.model.doc.v1.raw',
} as const;

/** Annotations that name the file a layer holds: ModelPack's, and the one of plain ORAS artifacts. */
export const Annotation = {
  modelFilepath: 'org.cncf.model.filepath',
  title: 'org.opencontainers.image.title',
  created: 'org.opencontainers.image.created',
} as const;

/** Reference to a blob by digest. */
export interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
  annotations?: Record<string, string>;
}

/** An OCI image manifest, which artifacts use too. */
export interface Manifest {
  schemaVersion: 2;
  mediaType?: string;
  artifactType?: string;
  config: Descriptor;
  layers: Descriptor[];
  /** The artifact that this one belongs to. */
  subject?: Descriptor;
  annotations?: Record<string, string>;
}
