import { access, readdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { ModelFailure } from '../model-failure.ts';

const isThere = (file: string) =>
  access(file).then(
    () => true,
    () => false,
  );

/** Sees to it that the artifact's one ONNX file is `model.onnx` at the top, with the files beside it still beside it. */
export async function placeModel(directory: string): Promise<void> {
  if (await isThere(path.join(directory, 'model.onnx'))) return;
  const names = await readdir(directory, { recursive: true });
  const found = names.filter((name) => name.toLowerCase().endsWith('.onnx'));
  const [only, ...more] = found;
  if (only === undefined) {
    throw new ModelFailure(
      'ArtifactInvalid',
      `The artifact holds no .onnx file${names.length === 0 ? '' : ` (it holds ${names.slice(0, 5).join(', ')})`}. Push one named model.onnx.`,
    );
  }
  if (more.length > 0) {
    throw new ModelFailure(
      'ArtifactInvalid',
      `The artifact holds several .onnx files (${found.slice(0, 5).join(', ')}) and none is named model.onnx. Name the one that is meant so.`,
    );
  }
  await bringUp(directory, path.dirname(only));
  await rename(path.join(directory, path.basename(only)), path.join(directory, 'model.onnx'));
}

/** Weights kept outside the ONNX file are found relative to it, so its whole folder moves. */
async function bringUp(directory: string, folder: string): Promise<void> {
  if (folder === '.') return;
  for (const name of await readdir(path.join(directory, folder))) {
    const target = path.join(directory, name);
    if (!(await isThere(target))) await rename(path.join(directory, folder, name), target);
  }
}
