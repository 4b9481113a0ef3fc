import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { ApiError } from '../errors.ts';
import { codeOf } from '../error-shape.ts';
import { isObject } from '../protocol/v2-request.ts';
import type { Json } from './body.ts';
import { TextEncoder } from './text/tokenizer.ts';

const MAX_FILE_BYTES = 64 * 1024 ** 2;
const MAX_FOLDERS = 16;
/** Larger values of model_max_length stand for "no limit". */
const NO_LIMIT = 1e6;
const DEFAULT_MAX_TOKENS = 512;

const unusable = (file: string, problem: string, cause?: unknown) =>
  new ApiError(
    'ModelFailed',
    `${file} of the model ${problem}. Mend the model's files, or send tensors to the V2 endpoint.`,
    { cause },
  );

/** The files that a model carries beside its graph, read when they are first asked for. */
export class ModelFolder {
  readonly #directory: string;
  readonly #files = new Map<string, Promise<Json | undefined>>();
  #encoder: Promise<TextEncoder> | undefined;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** A JSON file; undefined when there is none. */
  json(file: string): Promise<Json | undefined> {
    const known = this.#files.get(file);
    if (known !== undefined) return known;
    const reading = this.#read(file);
    this.#files.set(file, reading);
    reading.catch(() => this.#files.delete(file));
    return reading;
  }

  /** A JSON file that the task cannot do without. */
  async need(file: string): Promise<Json> {
    const value = await this.json(file);
    if (value === undefined) throw unusable(file, 'is missing, and this endpoint needs it');
    return value;
  }

  async #read(file: string): Promise<Json | undefined> {
    const value = await this.list(file);
    if (value === undefined) return undefined;
    if (!isObject(value)) throw unusable(file, 'is not a JSON object');
    return value;
  }

  /** A file of any JSON. */
  async list(file: string): Promise<unknown> {
    try {
      const full = path.join(this.#directory, file);
      const { size } = await stat(full);
      if (size > MAX_FILE_BYTES) throw unusable(file, `has ${size} bytes; at most ${MAX_FILE_BYTES} are read`);
      return JSON.parse(await readFile(full, 'utf8')) as unknown;
    } catch (error) {
      if (error instanceof ApiError) throw error;
      if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
      throw unusable(file, 'cannot be read as JSON', error);
    }
  }

  /** config.json; empty when there is none. */
  async config(): Promise<Json> {
    return (await this.json('config.json')) ?? {};
  }

  /** The tokenizer of the model. */
  encoder(): Promise<TextEncoder> {
    this.#encoder ??= this.#loadEncoder();
    this.#encoder.catch(() => {
      this.#encoder = undefined;
    });
    return this.#encoder;
  }

  async #loadEncoder(): Promise<TextEncoder> {
    const definition = await this.need('tokenizer.json');
    const config = (await this.json('tokenizer_config.json')) ?? {};
    const maxTokens = await this.#maxTokens(config);
    const { Tokenizer } = await import('@huggingface/tokenizers');
    try {
      return new TextEncoder(new Tokenizer(definition, config), { definition, config, maxTokens });
    } catch (error) {
      throw unusable('tokenizer.json', 'is of a kind that is not supported', error);
    }
  }

  async #maxTokens(config: Json): Promise<number> {
    const sentence = (await this.json('sentence_bert_config.json')) ?? {};
    const limits = [
      config['model_max_length'],
      sentence['max_seq_length'],
      (await this.config())['max_position_embeddings'],
    ];
    const usable = limits.filter(
      (limit): limit is number => typeof limit === 'number' && limit > 2 && limit < NO_LIMIT,
    );
    return usable.length === 0 ? DEFAULT_MAX_TOKENS : Math.min(...usable);
  }
}

/** The label of a class, as transformers has it. */
export function labelOf(config: Json, index: number): string {
  const labels = config['id2label'];
  const label = isObject(labels) && Object.hasOwn(labels, String(index)) ? labels[String(index)] : undefined;
  return typeof label === 'string' || typeof label === 'number' ? String(label) : `LABEL_${index}`;
}

const STAMPED = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'preprocessor_config.json'];

/** Keeps the folders that were used last, and reads a folder again when its files have changed. */
export class ModelFolders {
  readonly #kept = new Map<string, { stamp: string; folder: ModelFolder }>();

  /** The files of a model. */
  async open(directory: string): Promise<ModelFolder> {
    const stamp = await stampOf(directory);
    const known = this.#kept.get(directory);
    this.#kept.delete(directory);
    const entry = known?.stamp === stamp ? known : { stamp, folder: new ModelFolder(directory) };
    this.#kept.set(directory, entry);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= MAX_FOLDERS) break;
      this.#kept.delete(oldest);
    }
    return entry.folder;
  }
}

async function stampOf(directory: string): Promise<string> {
  const times = await Promise.all(
    STAMPED.map((file) =>
      stat(path.join(directory, file)).then(
        ({ mtimeMs, size }) => `${mtimeMs}-${size}`,
        () => '',
      ),
    ),
  );
  return times.join();
}
