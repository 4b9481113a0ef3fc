import { Buckets } from './duration-histogram.ts';

const MAX_BATCH_SIZES = 512;
const BATCH_BUCKETS: readonly number[] = [1, 2, 4, 8, 16, 32, 64, 128, 256];

/** How often something took place, and the milliseconds it took in all. */
export interface Tally {
  count: number;
  ms: number;
}

const tally = (): Tally => ({ count: 0, ms: 0 });

/** What is counted of one version of a model. Prometheus and the statistics extension both read it. */
export class ModelMeter {
  /** Answers by HTTP status, whatever the transport. */
  readonly requests = new Map<number, number>();
  /** Seconds of each stage of a request. */
  readonly stages = {
    request: new Buckets(),
    preprocess: new Buckets(),
    decode: new Buckets(),
    queue: new Buckets(),
    compute: new Buckets(),
    transfer: new Buckets(),
    encode: new Buckets(),
    postprocess: new Buckets(),
  };
  /** Rows of each run. */
  readonly batchRows = new Buckets(BATCH_BUCKETS);
  /** Under Triton's names. */
  readonly tallies = {
    success: tally(),
    fail: tally(),
    queue: tally(),
    input: tally(),
    infer: tally(),
    output: tally(),
  };
  /** Runs by their rows. */
  readonly batches = new Map<number, { count: number; ms: number }>();
  inFlight = 0;
  waiting = 0;
  rows = 0;
  loads = 0;
  restarts = 0;
  lastInferenceAt = 0;

  /** A request was answered with this status. */
  answered(status: number): void {
    this.requests.set(status, (this.requests.get(status) ?? 0) + 1);
  }

  /** A request was computed. Its parts count together: perf_analyzer gives up when their counts differ at any moment. */
  succeeded({ tookMs, decodeMs }: { tookMs: number; decodeMs: number }): void {
    const { success, input, infer, output } = this.tallies;
    add(success, tookMs);
    add(input, decodeMs);
    // Their times are added where they are measured.
    add(infer, 0);
    add(output, 0);
  }

  /** A run of the engine is over. */
  ran(rows: number, { computeMs, transferMs }: { computeMs: number; transferMs: number }): void {
    this.batchRows.observe(rows);
    this.stages.compute.observe(computeMs / 1000);
    this.stages.transfer.observe(transferMs / 1000);
    this.#countBatch(rows, computeMs);
    this.rows += rows;
    this.lastInferenceAt = Date.now();
  }

  /** Clients choose how many rows they send, so what is kept by rows is bounded. */
  #countBatch(rows: number, ms: number): void {
    const known = this.batches.get(rows);
    if (known === undefined && this.batches.size >= MAX_BATCH_SIZES) return;
    const batch = known ?? tally();
    add(batch, ms);
    this.batches.set(rows, batch);
  }
}

/** Adds to a tally. */
export function add(to: Tally, ms: number): void {
  to.count += 1;
  to.ms += ms;
}
