import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open, realpath } from 'node:fs/promises';
import path from 'node:path';
import { ModelFailure } from '../model-failure.ts';
import type { ByteBudget } from './counted-writer.ts';
import { CountedWriter } from './counted-writer.ts';
import { codeOf } from '../error-shape.ts';

const CHUNK_BYTES = 1024 * 1024;

/** A model file on a volume claim that is mounted at `claimDir`. */
export interface PvcSource {
  claimDir: string | undefined;
  path: string;
  budget: ByteBudget;
}

/** The real path of something in the claim, which may not lead out of it. */
export async function resolveInside(claimDir: string, relative: string): Promise<string> {
  const escape = new ModelFailure(
    'SourceRefused',
    `The path "${relative}" leads out of the claim, directly or through a link. Give a path inside it.`,
  );
  if (path.isAbsolute(relative) || relative.split('/').includes('..') || relative.includes('\0')) throw escape;
  const root = await realpath(claimDir);
  let target: string;
  try {
    target = await realpath(path.join(root, relative));
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') {
      throw new ModelFailure('SourceNotFound', `There is no file "${relative}" in the claim.`, { cause: error });
    }
    throw describeAccess(error, relative);
  }
  if (!target.startsWith(root + path.sep)) throw escape;
  return target;
}

/** What it means that something in the claim cannot be read. */
export const describeAccess = (error: unknown, relative: string) =>
  codeOf(error) === 'EACCES' || codeOf(error) === 'EPERM'
    ? new ModelFailure('SourceForbidden', `"${relative}" in the claim may not be read by user 65532. Make it readable.`)
    : new ModelFailure('SourceUnreachable', `"${relative}" in the claim cannot be read.`, { cause: error });

/** Copies the file as `model.onnx` and gives its digest. */
export async function fetchPvc(source: PvcSource, directory: string): Promise<string> {
  const target = await resolveInside(mountOf(source), source.path);
  return copyPlainFile(source, target, path.join(directory, 'model.onnx'));
}

/** Where the claim is mounted. */
export function mountOf({ claimDir }: PvcSource): string {
  if (claimDir !== undefined) return claimDir;
  throw new ModelFailure('SourceRefused', 'A pvc:// source needs --claim-dir, where the claim is mounted.');
}

/** Copies one file of the claim and gives its digest, computed from the very bytes that were copied. */
export async function copyPlainFile(source: PvcSource, target: string, to: string): Promise<string> {
  // A link put there since is not followed: what was checked is what is read.
  const input = await open(target, constants.O_RDONLY | constants.O_NOFOLLOW).catch((error: unknown) => {
    throw describeAccess(error, source.path);
  });
  try {
    return await copyFile(input, source, to);
  } finally {
    await input.close();
  }
}

async function copyFile(input: FileHandle, source: PvcSource, to: string): Promise<string> {
  const stat = await input.stat();
  if (!stat.isFile()) {
    throw new ModelFailure(
      'SourceRefused',
      `"${source.path}" in the claim is not a file. Give the path of the .onnx file.`,
    );
  }
  source.budget.expect(stat.size);
  const writer = await CountedWriter.create(to, source.budget);
  try {
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    for (let position = 0; ;) {
      const { bytesRead } = await input.read(buffer, 0, CHUNK_BYTES, position);
      if (bytesRead === 0) break;
      await writer.write(buffer.subarray(0, bytesRead));
      position += bytesRead;
    }
  } catch (error) {
    await writer.close();
    throw error;
  }
  return (await writer.finish()).digest;
}
