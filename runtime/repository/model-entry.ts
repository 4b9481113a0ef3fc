import path from 'node:path';
import type { ListedModel, ListedVersion, ModelSettings, Refusal } from '../model-listing.ts';
import { VERSION_NAME } from '../version-policy.ts';
import type { FolderFile } from './folder-files.ts';
import { FolderRefusal, checkEntry, listFiles, readFolder } from './folder-files.ts';
import { SETTINGS_FILES, parseSettings } from './model-settings.ts';
import { readLabels, readStart, taskOfCard } from './model-words.ts';

const CARDS = ['card.md', 'README.md'];
const LABELS = ['labels.txt', 'config.json'];
const GOLDEN = 'golden.json';
/** Where repositories of the Hugging Face Hub keep it. */
const HUB_FOLDER = 'onnx';
const MAX_TEXT_BYTES = 64 * 1024;
/** Triton's configuration: what it says of tensors is in the model, the rest in our own settings. */
const OF_OTHERS = new Set(['config.pbtxt']);
const NO_SETTINGS: ModelSettings = { isPinned: false };
/** Files that tell how a model is to be used; where there is one, the others are looked for. */
const COMPANION = /^(?!golden\.json$)[^/]+\.(?:json|txt|model)$/;

interface Place {
  root: string;
  directory: string;
}

/** The files that a version is made of: its own, and those that all versions share. */
interface VersionFiles {
  version: string;
  directory: string;
  own: readonly FolderFile[];
  shared: { directory: string; files: readonly FolderFile[] };
}

/** What is read from files, kept as long as they stay the same. */
type Words = Pick<ListedVersion, 'task' | 'labels'> & { settings: ModelSettings };

/** Reads what a folder of models holds under one name. */
export class ModelEntryReader {
  readonly #words = new Map<string, { mark: string; words: Words }>();

  /** A model that is one file. */
  readPlain(name: string, root: string, file: FolderFile): ListedModel {
    refuseEmpty(file);
    const version = {
      version: '1',
      modelPath: file.realPath,
      directory: root,
      goldenPath: undefined,
      task: undefined,
      labels: [],
    };
    return { name, settings: NO_SETTINGS, ignored: [], versions: [{ ...version, fingerprint: file.mark }] };
  }

  /** A model that has a folder; undefined when there is no model in it. */
  async readFolder(name: string, { root, directory }: Place, refused: Refusal[]): Promise<ListedModel | undefined> {
    const versions = (await readFolder(directory))
      .map((entry) => entry.name)
      .filter((entry) => VERSION_NAME.test(entry))
      .toSorted((a, b) => Number(a) - Number(b));
    const shared = { directory, files: await listFiles(root, directory, (entry) => VERSION_NAME.test(entry)) };
    const listed: ListedVersion[] = [];
    let settings = NO_SETTINGS;
    for (const version of versions.length === 0 ? [undefined] : versions) {
      try {
        const files = await versionFiles({ root, directory }, version, shared);
        if (files === undefined) return undefined;
        const read = await this.#readVersion(files);
        listed.push(read.version);
        ({ settings } = read);
      } catch (error) {
        if (!(error instanceof FolderRefusal)) throw error;
        refused.push({
          name,
          version: version ?? '',
          reason: `"${[name, version].filter(Boolean).join('/')}" ${error.message}.`,
        });
      }
    }
    const ignored = shared.files.map((file) => file.name).filter((file) => OF_OTHERS.has(file));
    return listed.length === 0 ? undefined : { name, settings, ignored, versions: listed };
  }

  async #readVersion(files: VersionFiles): Promise<{ version: ListedVersion; settings: ModelSettings }> {
    const { version, directory, own, shared } = files;
    const model = pickModel(own);
    refuseEmpty(model);
    const isShared = !own.some(({ name }) => COMPANION.test(name));
    const fingerprint = [...own, ...shared.files].map(({ mark }) => mark).join('\n');
    const { settings, task, labels } = await this.#readWords(model.realPath, fingerprint, files);
    const goldenPath = [...own, ...shared.files].find(({ name }) => name === GOLDEN)?.realPath;
    const home = isShared ? shared.directory : directory;
    return {
      settings,
      version: { version, modelPath: model.realPath, directory: home, goldenPath, task, labels, fingerprint },
    };
  }

  async #readWords(key: string, mark: string, files: VersionFiles): Promise<Words> {
    const known = this.#words.get(key);
    if (known?.mark === mark) return known.words;
    const words = await readWords(files);
    this.#words.set(key, { mark, words });
    return words;
  }
}

/** Undefined when the folder is no model's. */
async function versionFiles(
  { root, directory }: Place,
  version: string | undefined,
  shared: VersionFiles['shared'],
): Promise<VersionFiles | undefined> {
  if (version === undefined) {
    const hasModel = shared.files.some(({ name }) => isModelFile(name));
    return hasModel ? { version: '1', directory, own: shared.files, shared: { directory, files: [] } } : undefined;
  }
  const place = await checkEntry(root, path.join(directory, version), version);
  if (!place.isFolder) throw new FolderRefusal('is a file; a version is a folder');
  return { version, directory: place.realPath, own: await listFiles(root, place.realPath), shared };
}

/** At the top of the folder, or where the Hugging Face Hub has it. */
const isModelFile = (name: string) =>
  name.endsWith('.onnx') && (!name.includes('/') || path.dirname(name) === HUB_FOLDER);

function pickModel(files: readonly FolderFile[]): FolderFile {
  const found = files.filter(({ name }) => isModelFile(name));
  const top = found.filter(({ name }) => !name.includes('/'));
  const candidates = top.length > 0 ? top : found;
  const [only, ...more] = candidates;
  if (only === undefined) throw new FolderRefusal('holds no .onnx file');
  if (more.length === 0) return only;
  const named = candidates.find(({ name }) => path.basename(name) === 'model.onnx');
  if (named === undefined)
    throw new FolderRefusal('holds several .onnx files, none of which is model.onnx; name the one that is meant so');
  return named;
}

function refuseEmpty({ name, size }: FolderFile): void {
  if (size === 0) throw new FolderRefusal(`holds ${JSON.stringify(name)}, which is empty`);
}

/** The version's own files win over those that all versions share. */
async function readWords({ own, shared }: VersionFiles): Promise<Words> {
  const all = [...own, ...shared.files];
  const find = (names: readonly string[]) =>
    names.map((name) => all.find((file) => file.name === name)).find((file) => file !== undefined);
  const settingsFile = find(SETTINGS_FILES);
  const card = find(CARDS);
  const labels = find(LABELS);
  const settings =
    settingsFile === undefined
      ? NO_SETTINGS
      : await parseSettings(path.basename(settingsFile.name), await readStart(settingsFile.realPath, MAX_TEXT_BYTES));
  const task = settings.task ?? (card && taskOfCard(await readStart(card.realPath, MAX_TEXT_BYTES)));
  return { settings, task, labels: labels === undefined ? [] : await readLabels(labels.realPath) };
}
