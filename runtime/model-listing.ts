import type { VersionPolicy } from './version-policy.ts';

/** One version of a model in a folder. */
export interface ListedVersion {
  version: string;
  /** The ONNX file, with all links followed. */
  modelPath: string;
  /** Where the files beside it are. */
  directory: string;
  goldenPath: string | undefined;
  task: string | undefined;
  labels: readonly string[];
  /** Differs when any of its files was changed, replaced, added or taken away. */
  fingerprint: string;
}

/** What `aimass.json` may say of a model. */
export interface ModelSettings {
  task?: string | undefined;
  versions?: VersionPolicy | undefined;
  /** Most rows in one run. */
  maxBatchRows?: number | undefined;
  /** Never unloaded to make room for others. */
  isPinned: boolean;
}

/** A model in a folder, with all its versions that can be tried. */
export interface ListedModel {
  name: string;
  settings: ModelSettings;
  versions: readonly ListedVersion[];
  /** Files that mean something to other servers and nothing here. */
  ignored: readonly string[];
}

/** Something in a folder that looks like a model and cannot be one. */
export interface Refusal {
  name: string;
  version: string;
  reason: string;
}

/** What a folder of models holds. */
export interface Listing {
  models: readonly ListedModel[];
  refused: readonly Refusal[];
}

/** A folder of models that can be looked through, as often as wanted. */
export interface ModelFolder {
  scan(): Promise<Listing>;
  /** Looks at one name only. */
  scanOne(name: string): Promise<Listing>;
}
