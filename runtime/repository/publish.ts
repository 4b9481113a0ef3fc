import { randomUUID } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { ModelFailure } from '../model-failure.ts';
import { PublishFailure } from '../publish-failure.ts';
import { AddressPolicy } from './address-policy.ts';
import { listArtifactFiles } from './artifact-files.ts';
import { readCredentials } from './credentials.ts';
import type { DescribedArtifact } from './oci-artifact.ts';
import { describeArtifact } from './oci-artifact.ts';
import type { PushTarget } from './oci-writer.ts';
import { OciWriter } from './oci-writer.ts';
import { MediaType } from './oci-types.ts';
import { describePushFailure } from './push-failure.ts';
import type { PushPatience } from './push-patience.ts';
import { parseSourceUri } from './source-uri.ts';

const MAX_TAG = 128;
const ORIGINAL = '-original';

/** What the publish role is asked to do. */
export interface PublishRequest {
  /** The folder that becomes the artifact. */
  from: string;
  /** The folder with the model as training wrote it: it becomes an artifact of its own, which names the first. */
  originalFrom?: string | undefined;
  /** oci://registry/repository:tag */
  to: string;
  annotations: Record<string, string>;
  /** Written when all is done; a later run with the same files then sends nothing. */
  recordFile?: string | undefined;
  timeoutSeconds: number;
  credentialsDir?: string | undefined;
  caFile?: string | undefined;
  insecureRegistries: readonly string[];
  allowedPrivateHosts?: readonly string[] | undefined;
  patience?: PushPatience;
}

/** What was published. */
export interface Published {
  digest: string;
  uri: string;
  sizeBytes: number;
  originalUri?: string;
  originalDigest?: string;
}

/** Publishes a folder, and the original beside it. The tag comes last, so that nothing is half published. */
export async function publishFolder(request: PublishRequest): Promise<Published> {
  const place = parseTarget(request.to);
  const main = await describeMain(request, place.repository);
  const original = await describeOriginal(request, main, place.repository);
  const result = describeResult(place, main, original);
  if (await isRecorded(request.recordFile, result)) return result;
  const signal = AbortSignal.timeout(request.timeoutSeconds * 1000);
  try {
    await push({ ...place, ...targetOf(request, place.registry), signal }, { tag: place.tag, main, original });
  } catch (error) {
    throw describePushFailure(error, place.registry);
  }
  await writeRecord(request.recordFile, result);
  return result;
}

interface Place {
  registry: string;
  repository: string;
  tag: string;
}

function parseTarget(to: string): Place {
  const refusal = new PublishFailure(
    'PublishFailed',
    `spec.publish.to is "${to}". Write oci://registry/repository, or oci://registry/repository:tag.`,
  );
  try {
    const target = parseSourceUri(to);
    if (target.scheme !== 'oci' || target.digest !== undefined) throw refusal;
    const { registry, repository, tag } = target;
    return { registry, repository, tag };
  } catch (error) {
    throw error instanceof ModelFailure ? refusal : error;
  }
}

async function describeMain({ from, annotations }: PublishRequest, repository: string): Promise<DescribedArtifact> {
  const files = await listArtifactFiles(from);
  if (files.length > 0) return describeArtifact({ repository, files, annotations, format: formatOf(files) });
  throw new PublishFailure(
    'OutputMissing',
    'There is nothing to publish: the program wrote no files to /aimass/output.',
  );
}

const formatOf = (files: readonly { name: string }[]) =>
  files.some(({ name }) => name.toLowerCase().endsWith('.onnx')) ? 'onnx' : null;

async function describeOriginal(
  { originalFrom, annotations }: PublishRequest,
  main: DescribedArtifact,
  repository: string,
) {
  const files = originalFrom === undefined ? [] : await listArtifactFiles(originalFrom);
  if (files.length === 0) return undefined;
  const subject = { mediaType: MediaType.manifest, digest: main.digest, size: main.body.byteLength };
  return describeArtifact({ repository, files, annotations, format: formatOf(files), subject });
}

function describeResult(
  { registry, repository }: Place,
  main: DescribedArtifact,
  original?: DescribedArtifact,
): Published {
  const uriOf = (digest: string) => `oci://${registry}/${repository}@${digest}`;
  return {
    digest: main.digest,
    uri: uriOf(main.digest),
    sizeBytes: main.sizeBytes,
    ...(original && { originalUri: uriOf(original.digest), originalDigest: original.digest }),
  };
}

function targetOf(request: PublishRequest, registry: string): Omit<PushTarget, 'registry' | 'repository'> {
  const { credentialsDir, caFile, insecureRegistries, allowedPrivateHosts = [], patience } = request;
  return {
    insecure: insecureRegistries.includes(registry),
    credentials: readCredentials(credentialsDir),
    addresses: new AddressPolicy([...allowedPrivateHosts, ...insecureRegistries]),
    caFile,
    ...(patience && { patience }),
  };
}

interface Artifacts {
  tag: string;
  main: DescribedArtifact;
  original: DescribedArtifact | undefined;
}

async function push(target: PushTarget, { tag, main, original }: Artifacts): Promise<void> {
  const writer = new OciWriter(target);
  try {
    await writer.pushBlobs(main);
    if (original !== undefined) {
      await writer.pushBlobs(original);
      // By its digest only: registries may refuse what belongs to an artifact that they do not have.
      await writer.putManifest(main.digest, main);
      const isListed = await writer.putManifest(original.digest, original);
      // A registry that knows nothing of subjects might take away what has no tag.
      if (!isListed) await writer.putManifest(`${tag.slice(0, MAX_TAG - ORIGINAL.length)}${ORIGINAL}`, original);
    }
    await writer.putManifest(tag, main);
  } finally {
    await writer.close();
  }
}

/** True when the last run published exactly this. */
async function isRecorded(file: string | undefined, result: Published): Promise<boolean> {
  if (file === undefined) return false;
  const text = await readFile(file, 'utf8').catch(() => '');
  return text === JSON.stringify(result);
}

async function writeRecord(file: string | undefined, result: Published): Promise<void> {
  if (file === undefined) return;
  const temporary = `${file}.${randomUUID()}`;
  await writeFile(temporary, JSON.stringify(result));
  await rename(temporary, file);
}
