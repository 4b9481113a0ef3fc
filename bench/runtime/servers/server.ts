import type { ModelName, Transport } from '../cells.ts';
import type { Command } from '../processes.ts';
import type { Ports } from '../requests/check.ts';

/** What a server is started with. */
export interface StartPlan {
  models: readonly ModelName[];
  /** MODEL/1/model.onnx for each of the models, and nothing else. */
  modelsDir: string;
  ports: Ports;
  /** A new folder for whatever files the server needs. */
  folder: string;
  /** How many cores it may use: 1, or 2 in the cells of two cores. */
  cores: number;
}

/** How to start a server, and what it can do. */
export interface ServerKind {
  name: string;
  /** One line for the report. */
  about: string;
  transports: readonly Transport[];
  /** Only these cells, and nothing beside them; without it everything. */
  onlyCells?: readonly string[];
  /** Models that it cannot serve are not asked for. */
  onlyModels?: readonly ModelName[];
  readyPath: string;
  livePath?: string;
  /** False for an echo, whose answer means nothing. */
  isChecked: boolean;
  isPeer: boolean;
  command: (plan: StartPlan) => Command;
  /** Folder whose size is that of the program with its dependencies. */
  dependencies?: string;
}

/** What all kinds of our own and of the peers share. */
export const V2_SERVER = {
  readyPath: '/v2/health/ready',
  livePath: '/v2/health/live',
  isChecked: true,
} as const;
