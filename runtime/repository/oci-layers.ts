import { ModelFailure } from '../model-failure.ts';
import type { Descriptor, Manifest } from './oci-types.ts';
import { Annotation } from './oci-types.ts';
import { safeRelativePath } from './safe-path.ts';

const MAX_LAYERS = 1000;
const OLD_MODEL_FILEPATH = 'org.cnai.model.filepath';
const ORAS_UNPACK = 'io.deis.oras.content.unpack';
const DIGEST = /^sha256:[a-f0-9]{64}$/;

/** What to do with a layer: write it as one file, or unpack it. */
export type Layer = { kind: 'file'; blob: Descriptor; name: string } | { kind: 'archive'; blob: Descriptor };

const nameOf = ({ annotations }: Descriptor): string | undefined =>
  annotations?.[Annotation.modelFilepath] ?? annotations?.[OLD_MODEL_FILEPATH] ?? annotations?.[Annotation.title];

/** ORAS gives single files the media type of image layers too; only its unpack mark tells an archive apart. */
function isArchive({ mediaType, annotations }: Descriptor): boolean {
  if (annotations?.[ORAS_UNPACK] === 'true') return true;
  if (mediaType.startsWith('application/vnd.oci.image.layer.')) return annotations?.[Annotation.title] === undefined;
  return /[./-]tar([+.-](gzip|zstd|gz))?$/.test(mediaType);
}

/** Decides for each layer of a manifest what it is, and refuses what cannot be placed. */
export function planLayers(manifest: Manifest): Layer[] {
  if (manifest.layers.length === 0) throw invalid('has no layers, so it holds no model');
  if (manifest.layers.length > MAX_LAYERS) throw invalid(`has more than ${MAX_LAYERS} layers`);
  return manifest.layers.map(planLayer);
}

function planLayer(blob: Descriptor): Layer {
  if (!DIGEST.test(blob.digest)) throw invalid(`has a layer whose digest is not sha256`);
  if (!Number.isSafeInteger(blob.size) || blob.size < 0) throw invalid('has a layer without a size');
  if (isArchive(blob)) return { kind: 'archive', blob };
  const name = nameOf(blob);
  if (name === undefined) {
    throw invalid(
      `has a layer of type ${blob.mediaType.slice(0, 100)} without the annotation ${Annotation.modelFilepath}`,
    );
  }
  return { kind: 'file', blob, name: safeRelativePath(name) };
}

const invalid = (what: string) =>
  new ModelFailure('ArtifactInvalid', `The OCI artifact ${what}. Push it in the CNCF ModelPack layout, or with ORAS.`);
