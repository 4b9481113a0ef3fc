import { lstat, realpath } from 'node:fs/promises';
import path from 'node:path';
import { ModelFailure } from '../model-failure.ts';

const outside = (location: string, why: string) =>
  new ModelFailure(
    'ExternalDataOutside',
    `The model keeps weights in ${JSON.stringify(location.slice(0, 200))}, which ${why}. Keep them in plain files beside the model and export again.`,
  );

/** Refuses weights that are kept outside of the model's folder, by name or through any kind of link. */
export async function checkExternalData(directory: string, locations: readonly string[]): Promise<void> {
  for (const location of locations) await checkLocation(directory, location);
}

async function checkLocation(directory: string, location: string): Promise<void> {
  if (location === '') throw outside(location, 'names no file');
  if (path.isAbsolute(location) || location.startsWith('*/')) throw outside(location, 'is not a file beside the model');
  if (/[\\\0]/.test(location) || location.split('/').includes('..'))
    throw outside(location, 'leads out of the model’s folder');
  const file = path.join(directory, location);
  const stat = await lstat(file).catch(() => undefined);
  if (stat === undefined) {
    throw new ModelFailure(
      'LoadFailed',
      `The model keeps weights in "${location.slice(0, 200)}", which did not come with it. Publish all its files as one OCI artifact.`,
    );
  }
  if (!stat.isFile()) throw outside(location, 'is a link or not a file');
  // onnxruntime refuses symbolic links itself but follows hard links; no file that fetch wrote has a second name.
  if (stat.nlink > 1) throw outside(location, 'is a hard link');
  const real = await realpath(file);
  if (!real.startsWith((await realpath(directory)) + path.sep))
    throw outside(location, 'leads out of the model’s folder');
}
