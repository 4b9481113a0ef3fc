import type { TrainingJob } from '../../../crds/schema/training-job.ts';
import type { Scalar } from '../../../crds/schema/training/program.ts';
import type { StageName } from '../../../crds/schema/training/status.ts';
import type { Settings } from '../../settings.ts';

/** One try of one stage of one run: everything that its Job is made from. */
export interface StagePlan {
  job: TrainingJob;
  settings: Settings;
  /** Number of the run, from 1. */
  run: number;
  stage: StageName;
  /** Number of the try, from 1. */
  attempt: number;
  /** The trial that this training is for, when the job searches. */
  trial?: Trial | undefined;
  /** The trial whose output goes on, in the stages after a search. */
  bestTrial?: number | undefined;
  /** The verified Models that the run starts from; only `prepare` fetches them. */
  models?: { base?: ModelSource | undefined; teacher?: ModelSource | undefined } | undefined;
  /** Runs whose folders stay in the work space; `prepare` removes all others. Default: all stay. */
  keepRuns?: number[] | undefined;
}

/** One choice of parameters. */
interface Trial {
  number: number;
  parameters: Record<string, Scalar>;
}

/** Where the verified files of a Model are. */
export interface ModelSource {
  name: string;
  uri: string;
  digest: string;
  credentials?: { secretName: string } | undefined;
  caBundle?: { name: string; key: string } | undefined;
}
