import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { TASKS } from '../crds/schema/model.ts';
import type { ArtifactFile } from '../runtime/repository/oci-artifact.ts';
import { describeArtifact } from '../runtime/repository/oci-artifact.ts';

/** Folder of the library. */
export const LIBRARY = import.meta.dirname;
/** Tag that every entry is pushed under; manifests name the digest, which no tag can move. */
export const TAG = 'v1';
/** Licence of the weights. */
export const LICENSE = 'Apache-2.0';

// What travels with the model, in this order: the order is part of the digest.
const ARTIFACT_FILES = ['model.onnx', 'golden.json', 'config.json', 'preprocessor_config.json', 'card.md'];

const entryReport = z.object({
  task: z.enum(TASKS),
  title: z.string(),
  summary: z.string(),
  chosen: z.string(),
  metrics: z.record(z.string(), z.number()),
});
/** What the training of an entry reported; see library/report.json. */
export type EntryReport = z.infer<typeof entryReport>;

/** An entry of the library as an OCI artifact. */
export interface Entry {
  name: string;
  report: EntryReport;
  repository: string;
  digest: string;
  sizeBytes: number;
  files: { name: string; digest: string; sizeBytes: number }[];
  artifact: { files: ArtifactFile[]; annotations: Record<string, string> };
}

/** Reads every entry that was trained, in the order of the report. */
export async function readEntries(): Promise<Entry[]> {
  const text = readFileSync(path.join(LIBRARY, 'report.json'), 'utf8');
  const reports = z.record(z.string(), entryReport).parse(JSON.parse(text));
  return Promise.all(Object.entries(reports).map(([name, report]) => readEntry(name, report)));
}

async function readEntry(name: string, report: EntryReport): Promise<Entry> {
  const repository = `library/${name}`;
  const artifact = { files: artifactFiles(name), annotations: annotationsOf(name, report) };
  const { digest, manifest } = await describeArtifact({ repository, ...artifact });
  const files = manifest.layers.map((layer, index) => ({
    name: artifact.files[index]?.name ?? '',
    digest: layer.digest,
    sizeBytes: layer.size,
  }));
  const sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
  return { name, report, repository, digest, sizeBytes, files, artifact };
}

function artifactFiles(name: string): ArtifactFile[] {
  const folder = path.join(LIBRARY, name);
  const there = ARTIFACT_FILES.filter((file) => existsSync(path.join(folder, file)));
  const empty = there.find((file) => statSync(path.join(folder, file)).size === 0);
  if (empty !== undefined) throw new Error(`library/${name}/${empty} is empty`);
  return there.map((file) => ({ name: file, path: path.join(folder, file) }));
}

// No time and no build number: whoever pushes the same files gets the same digest.
const annotationsOf = (name: string, report: EntryReport): Record<string, string> => ({
  'org.opencontainers.image.title': name,
  'org.opencontainers.image.description': report.summary,
  'org.opencontainers.image.licenses': LICENSE,
});
