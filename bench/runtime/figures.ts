import type { Extra, ModelName } from './cells.ts';

/** What one load on one server gave. */
export interface Sample {
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  /** CPU of the server's whole process tree for one request. */
  cpuMs: number;
  /** Requests that were not answered as they should be. */
  failed: number;
  /** How much of the server's core went to anything else meanwhile, in percent: above a few, the run was not quiet. */
  othersPercent: number;
}

/** The raw session loop of one model. */
export interface LoopFigures {
  perSecond: number;
  p50Ms: number;
  /** CPU of one run. */
  cpuMs: number;
  /** Two loops at once, each on a core of its own. */
  twoCoresPerSecond: number;
}

/** One server beside its load: start, memory, size. Undefined is what was not measured. */
export interface ServerFigures {
  readyMs?: number;
  /** Memory with S alone, and with the four models before and after all loads (proportional set size). */
  idleMiB?: number;
  beforeMiB?: number;
  afterMiB?: number;
  /** CPU use while nothing is asked, in percent of a core. */
  idlePercent?: number;
  dependenciesMB?: number;
  /** The slow end of /v2/health/live while L runs without pause. */
  healthP50Ms?: number;
  healthP99Ms?: number;
}

/** Latency at a share of the most that the server can do. */
export interface SaturationFigures {
  cell: string;
  share: number;
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
}

/** Mean time of each layer in one cell, from the server's own histograms. */
export interface LayerFigures {
  cell: string;
  layers: Readonly<Record<string, number>>;
}

/** A pool of many models: the first request of a model, and one that finds it loaded. */
export interface PoolFigures {
  models: number;
  readyMs: number;
  missP50Ms: number;
  missP99Ms: number;
  hitP50Ms: number;
  hitP99Ms: number;
  memoryBeforeMiB: number;
  memoryAfterMiB: number;
}

/** Everything that one run measured. */
export interface Figures {
  machine: { cores: number; cpu: string; loadAverage: number; node: string };
  options: { seconds: number; rounds: number };
  program: string;
  /** By cell, then server. */
  cells: Record<string, Record<string, Sample>>;
  /** Why a server was not measured in a cell, by cell, then server. */
  refusals: Record<string, Record<string, string>>;
  loops: Partial<Record<ModelName, LoopFigures>>;
  twoCores: Record<string, Record<string, Sample>>;
  servers: Record<string, ServerFigures>;
  /** Memory of the process that holds each model, in our server. */
  modelMiB: Record<string, number>;
  /** Why a server was not measured at all. */
  absent: Record<string, string>;
  saturation: SaturationFigures[];
  layers: LayerFigures[];
  pool?: PoolFigures;
  skipped: Extra[];
}
