import { createReadStream } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ReadEntry } from 'tar';
import { Parser } from 'tar';
import { ModelFailure } from '../model-failure.ts';
import type { ByteBudget } from './counted-writer.ts';
import { CountedWriter } from './counted-writer.ts';
import { safeRelativePath } from './safe-path.ts';
import { messageOf } from '../error-shape.ts';

/** Of a model; data sets may be collections of many small files. */
const MAX_ENTRIES = 10_000;
const IGNORED = new Set(['Directory', 'GNUDumpDir']);
const FILES = new Set(['File', 'OldFile', 'ContiguousFile']);

/** How much may come out of an archive. */
export interface UnpackLimits {
  budget: ByteBudget;
  maxEntries?: number;
}

/** Unpacks an archive (plain, gzip or zstd) below a directory: plain files only, inside it, within the limits. */
export async function unpackTar(archive: string, directory: string, limits: UnpackLimits): Promise<void> {
  const { budget, maxEntries = MAX_ENTRIES } = limits;
  let entries = 0;
  let writing: Promise<void> = Promise.resolve();
  const parser = new Parser({
    strict: true,
    onReadEntry: (entry) => {
      entries += 1;
      const isTooMany = entries > maxEntries;
      writing = writing.then(() => (isTooMany ? refuseMany(maxEntries) : writeEntry(entry, directory, budget)));
      writing.catch((error: unknown) => parser.abort(new Error(messageOf(error))));
    },
  });
  try {
    await pipeline(createReadStream(archive), parser as unknown as NodeJS.WritableStream);
    await writing;
  } catch (error) {
    throw await unpackFailure(writing, error);
  }
}

const refuseMany = (maxEntries: number) => {
  throw new ModelFailure('ArtifactInvalid', `An archive in the artifact has more than ${maxEntries} entries.`);
};

/** What stopped the writing says more than the parser's complaint about being stopped. */
async function unpackFailure(writing: Promise<void>, error: unknown): Promise<unknown> {
  const first = await writing.then(
    () => error,
    (cause: unknown) => cause,
  );
  if (first instanceof ModelFailure) return first;
  return new ModelFailure('ArtifactInvalid', 'An archive in the artifact cannot be unpacked. Pack and push it again.', {
    cause: first,
  });
}

async function writeEntry(entry: ReadEntry, directory: string, budget: ByteBudget): Promise<void> {
  if (IGNORED.has(entry.type)) {
    entry.resume();
    return;
  }
  if (!FILES.has(entry.type)) {
    throw new ModelFailure(
      'ArtifactInvalid',
      `An archive in the artifact holds "${entry.path.slice(0, 100)}", which is a ${entry.type}. Only plain files are unpacked.`,
    );
  }
  const writer = await CountedWriter.create(path.join(directory, safeRelativePath(entry.path)), budget);
  try {
    for await (const chunk of entry) await writer.write(chunk as Buffer);
  } catch (error) {
    await writer.close();
    throw error;
  }
  await writer.finish();
}
