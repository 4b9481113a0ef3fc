import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { ModelFailure } from '../model-failure.ts';
import type { ByteBudget } from './counted-writer.ts';
import type { Patience } from './download.ts';
import { download } from './download.ts';
import type { FetchedFile } from './files-digest.ts';
import { digestOfFiles } from './files-digest.ts';
import type { ChosenFile } from './hub-choice.ts';
import { chooseCompanions, chooseModel, chooseWeights } from './hub-choice.ts';
import type { HubClient, HubRevision } from './hub-client.ts';
import type { HubFile } from './hub-listing.ts';
import type { HubUri } from './hub-uri.ts';

/** A repository whose revision has been resolved to a commit. */
export interface HubSource {
  uri: HubUri;
  client: HubClient;
  revision: HubRevision;
  budget: ByteBudget;
  /** Names the files that a model keeps weights in, relative to it. */
  weightsOf: (modelPath: string) => Promise<readonly string[]>;
  signal?: AbortSignal | undefined;
  patience?: Patience;
}

/** Downloads the model and what belongs to it, all from one commit, and gives the digest of the files. */
export async function fetchHub(source: HubSource, directory: string): Promise<string> {
  const { files } = source.revision;
  const model = chooseModel(files, source.uri);
  const companions = chooseCompanions(files, model);
  expectBytes(source, [{ file: model, name: 'model.onnx' }, ...companions]);
  const fetched = [await downloadFile(source, { file: model, name: 'model.onnx' }, directory)];
  const weights = await findWeights(source, model, directory);
  expectBytes(source, [...weights, ...companions]);
  const taken = new Set(weights.map(({ name }) => name));
  for (const chosen of [...weights, ...companions.filter(({ name }) => !taken.has(name))]) {
    fetched.push(await downloadFile(source, chosen, directory));
  }
  return digestOfFiles(fetched);
}

/** Refuses at once what is too large by the hub's own listing. */
export const expectBytes = ({ budget }: HubSource, chosen: readonly ChosenFile[]) =>
  budget.expect(chosen.reduce((sum, { file }) => sum + file.sizeBytes, 0));

/** The weights outside of the model's file, which only the file itself names. */
const findWeights = async ({ revision, weightsOf }: HubSource, model: HubFile, directory: string) =>
  chooseWeights(revision.files, model, await weightsOf(path.join(directory, 'model.onnx')));

/** Downloads one file under a name of ours, and holds it to what the hub lists. */
export async function downloadFile(source: HubSource, chosen: ChosenFile, directory: string): Promise<FetchedFile> {
  const { client, revision, uri, budget, signal, patience } = source;
  const { file, name } = chosen;
  const filePath = path.join(directory, name);
  const { digest } = await download({
    open: (headers) => client.openFile(revision.commit, file.name, headers),
    filePath,
    budget,
    what: `${client.host}, asked for ${uri.repository}/${file.name},`,
    signal,
    ...(patience && { patience }),
  });
  await checkFile(source, { file, digest, filePath });
  return { name, digest };
}

interface Downloaded {
  file: HubFile;
  digest: string;
  filePath: string;
}

/** Holds a file to what the hub lists: the digest of a large one, the name that git gives a small one. */
async function checkFile({ uri, client }: HubSource, { file, digest, filePath }: Downloaded): Promise<void> {
  const want = file.sha256 ?? file.gitBlob;
  if (want === undefined) return;
  const got = file.sha256 === undefined ? await gitBlobName(filePath) : digest;
  if (got === want) return;
  throw new ModelFailure(
    'DigestMismatch',
    `${client.host} gave ${uri.repository}/${file.name} with digest ${got}, but lists ${want}. Upload the file again.`,
  );
}

async function gitBlobName(filePath: string): Promise<string> {
  const hash = createHash('sha1').update(`blob ${(await stat(filePath)).size}\0`);
  for await (const chunk of createReadStream(filePath) as AsyncIterable<Buffer>) hash.update(chunk);
  return hash.digest('hex');
}
