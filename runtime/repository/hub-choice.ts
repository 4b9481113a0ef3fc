import path from 'node:path';
import { ModelFailure } from '../model-failure.ts';
import type { HubFile } from './hub-listing.ts';
import { safeRelativePath } from './safe-path.ts';

/** What is fetched beside the model, from its folder or the nearest one above it. */
const COMPANIONS = [
  'config.json',
  'preprocessor_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'vocab.txt',
  'labels.txt',
  'labels.json',
  // Sentence transformers: how token vectors become one.
  'modules.json',
  'sentence_bert_config.json',
  'config_sentence_transformers.json',
  '1_Pooling/config.json',
  'golden.json',
  'README.md',
] as const;

/** A file of the repository, and its name in the model's folder. */
export interface ChosenFile {
  file: HubFile;
  name: string;
}

/** Finds the one model that a path inside a repository means. */
export function chooseModel(files: readonly HubFile[], uri: { repository: string; path: string }): HubFile {
  const byName = new Map(files.map((file) => [file.name, file]));
  const exact = byName.get(uri.path);
  if (exact !== undefined) return checkModel(exact);
  const below = (name: string) => (uri.path === '' ? name : `${uri.path}/${name}`);
  const usual = byName.get(below('model.onnx')) ?? byName.get(below('onnx/model.onnx'));
  if (usual !== undefined) return checkModel(usual);
  const found = files.filter(({ name }) => name.startsWith(below('')) && name.toLowerCase().endsWith('.onnx'));
  const [only, ...more] = found;
  if (only === undefined) throw noModel(files, uri);
  if (more.length > 0) throw severalModels(found, uri);
  return checkModel(only);
}

function checkModel(file: HubFile): HubFile {
  safeRelativePath(file.name);
  if (file.name.toLowerCase().endsWith('.onnx')) return file;
  throw new ModelFailure(
    'ArtifactInvalid',
    `"${file.name}" is not an .onnx file. Give the path of one, or of its folder.`,
  );
}

const noModel = (files: readonly HubFile[], { repository, path: inside }: { repository: string; path: string }) =>
  inside !== '' && !files.some(({ name }) => name.startsWith(`${inside}/`))
    ? new ModelFailure('SourceNotFound', `${repository} has no file or folder "${inside}". Check spec.source.uri.`)
    : new ModelFailure(
        'ArtifactInvalid',
        `${repository}${inside && ` has a folder "${inside}", which`} holds no .onnx file. Export the model to ONNX, or name a repository that has it.`,
      );

function severalModels(found: readonly HubFile[], { repository }: { repository: string }): ModelFailure {
  const [first] = found;
  const names = found.slice(0, 8).map(({ name }) => name);
  return new ModelFailure(
    'ArtifactInvalid',
    `${repository} holds ${found.length} .onnx files (${names.join(', ')}${found.length > 8 ? ', …' : ''}) and none is model.onnx or onnx/model.onnx. Name the one that is meant, as hf://${repository}/${first?.name ?? ''}.`,
  );
}

/** What goes with a model: its configuration, tokenizer, labels, golden examples and card. */
export function chooseCompanions(files: readonly HubFile[], model: HubFile): ChosenFile[] {
  const byName = new Map(files.map((file) => [file.name, file]));
  return COMPANIONS.flatMap((name) => {
    const nearest = foldersOf(model.name).map((folder) => byName.get(path.posix.join(folder, name)));
    const file = nearest.find((one) => one !== undefined);
    return file === undefined ? [] : [{ file, name }];
  });
}

/** The folder of a file and all above it, nearest first. */
function foldersOf(name: string): string[] {
  const steps = name.split('/').slice(0, -1);
  return steps.map((_, index) => steps.slice(0, steps.length - index).join('/')).concat('');
}

/** Weights that the model keeps outside of its file. What the repository lacks is for verification to name. */
export function chooseWeights(files: readonly HubFile[], model: HubFile, locations: readonly string[]): ChosenFile[] {
  const byName = new Map(files.map((file) => [file.name, file]));
  const folder = path.posix.dirname(model.name);
  return [...new Set(locations)].flatMap((location) => {
    const name = safeRelativePath(location);
    const file = byName.get(folder === '.' ? name : `${folder}/${name}`);
    return file === undefined ? [] : [{ file, name }];
  });
}
