/** How the number of rows in one run is bounded. */
export interface BatchLimits {
  /** Most rows in one run. */
  maxRows: number;
  /** The time that 99 of 100 requests should keep, in milliseconds; undefined without a target. */
  targetP99Ms?: number | undefined;
}

/** Weight of the newest run in the averages. */
const SHARE = 0.05;
/** A request waits for one run on average and then takes part in one, so that a run may take half of the target. */
const RUNS_A_REQUEST = 2;

/** Learns what a run costs by its rows, as `fixed + rows · slope` (least squares with exponential forgetting), and bounds batches by it. */
export class BatchSizer {
  readonly #limits: BatchLimits;
  #rows = 0;
  #ms = 0;
  #rowsSquared = 0;
  #rowsTimesMs = 0;
  #runs = 0;

  constructor(limits: BatchLimits) {
    this.#limits = limits;
  }

  /** Takes note of a run. */
  learn(rows: number, ms: number): void {
    this.#runs += 1;
    const share = Math.max(SHARE, 1 / this.#runs);
    this.#rows += share * (rows - this.#rows);
    this.#ms += share * (ms - this.#ms);
    this.#rowsSquared += share * (rows * rows - this.#rowsSquared);
    this.#rowsTimesMs += share * (rows * ms - this.#rowsTimesMs);
  }

  /** Most rows that the next run should have. */
  get maxRows(): number {
    const { maxRows, targetP99Ms } = this.#limits;
    if (targetP99Ms === undefined || this.#runs === 0) return maxRows;
    const variance = this.#rowsSquared - this.#rows * this.#rows;
    const slope =
      variance > 1e-6 ? (this.#rowsTimesMs - this.#rows * this.#ms) / variance : this.#ms / Math.max(1, this.#rows);
    if (slope <= 0) return maxRows;
    const fixed = Math.max(0, this.#ms - slope * this.#rows);
    const fitting = Math.floor((targetP99Ms / RUNS_A_REQUEST - fixed) / slope);
    return Math.max(1, Math.min(maxRows, fitting));
  }
}
