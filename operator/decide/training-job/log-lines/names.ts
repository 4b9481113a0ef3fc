import { detached } from './detached.ts';

/** A name that differs from others only in what does not matter: `Train's Log-Loss` and `train_log_loss` are one. */
export const canonical = (name: string): string =>
  name
    .slice(0, 64)
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replace(/'s\b/g, '')
    .replace(/[^a-z0-9@]+/g, '_')
    .replace(/^_|_$/g, '');

const ONE_WORD = /^[A-Za-z_][\w.\-/@]*$/;
const CAPITALISED = /^[A-Z][a-z]+$/;

/** The name under which a metric is shown: as printed; names of several words become one, in lower case. */
export function metricName(printed: string): string {
  const name = printed.trim().slice(0, 64);
  if (CAPITALISED.test(name)) return name.toLowerCase();
  return ONE_WORD.test(name) ? name : canonical(name);
}

/** What a name that is no metric tells. */
export type PositionKind = 'epoch' | 'epochs' | 'step' | 'steps' | 'batch' | 'batches' | 'globalStep';

const POSITIONS: Readonly<Record<PositionKind, readonly string[]>> = {
  epoch: ['epoch', 'current_epoch'],
  epochs: ['epochs', 'total_epochs', 'num_epochs', 'max_epochs', 'n_epochs', 'num_train_epochs'],
  step: ['step', 'iteration', 'iter', 'it', 'round', 'boost_round', 'update', 'num_updates'],
  globalStep: ['global_step', 'trainer_global_step', 'total_step'],
  steps: [
    'steps',
    'total_steps',
    'max_steps',
    'num_steps',
    'iterations',
    'total_iterations',
    'num_iterations',
    'max_iter',
    'max_iters',
    'rounds',
    'num_rounds',
    'num_boost_round',
    'n_estimators',
    'total_updates',
  ],
  batch: ['batch', 'batch_idx', 'minibatch', 'batch_step'],
  batches: ['batches', 'total_batches', 'num_batches', 'steps_per_epoch', 'iters_per_epoch'],
};

const POSITION_KINDS: ReadonlyMap<string, PositionKind> = new Map(
  Object.entries(POSITIONS).flatMap(([kind, names]) => names.map((name) => [name, kind as PositionKind] as const)),
);

/** Names beside metrics that are none. */
const NOISE: ReadonlySet<string> = new Set(
  `rank local_rank global_rank world_size pid tid port seed gpu gpus cpu device devices version v_num host node nodes worker
  workers num_workers time eta elapsed remaining duration sec secs seconds second ms minutes hours timestamp ts date level line
  lineno thread batch_size size rows columns code status attempt retries total_flos process shape width height bytes count id
  index`.split(/\s+/),
);
const NOISE_ENDING = /(?:_runtime|_per_second|_per_sec|_time|_seconds|_sec|_secs|_ms|_bytes|_at|_count|_id)$/;
const FILE_NAME = /\.(?:py|cc?|cpp|cu|go|js|h)$/;

/** Whether a name is known to be no metric. */
const isNoise = (printed: string, name: string): boolean =>
  name === '' || NOISE.has(name) || NOISE_ENDING.test(name) || FILE_NAME.test(printed);

const MINIMISED: ReadonlySet<string> = new Set(
  `loss losses error err rmse mse mae mape smape rmsle msle logloss nll perplexity ppl wer cer fid l1 l2 deviance huber
  quantile pinball entropy kl hinge brier`.split(/\s+/),
);
const MAXIMISED: ReadonlySet<string> = new Set(
  `acc accuracy auc aucpr auroc auprc f1 fbeta precision recall r2 score map ndcg mrr iou miou dice bleu rouge rougel reward
  return top1 top5 psnr ssim kappa mcc specificity sensitivity hit hits correlation pearson spearman em acc@1 acc@5
  matthews`.split(/\s+/),
);
const SCALES = /(?:^|_)(?:scale|weight|lr|rate)(?:_|$)/;

/** Whether less or more is better; undefined when the name does not say. */
export function directionOf(printed: string): 'minimize' | 'maximize' | undefined {
  const name = canonical(printed);
  if (SCALES.test(name)) return undefined;
  const words = name.split('_');
  const isNegated = words[0] === 'neg' || words[0] === 'negative';
  if (words.some((word) => MINIMISED.has(word))) return isNegated ? 'maximize' : 'minimize';
  return words.some((word) => MAXIMISED.has(word)) ? 'maximize' : undefined;
}

/** All that a printed name tells. */
export interface NameFacts {
  canonical: string;
  metric: string;
  position: PositionKind | undefined;
  isNoise: boolean;
  isKnownMetric: boolean;
}

const MOST_REMEMBERED = 1000;
const remembered = new Map<string, NameFacts>();

/** What a printed name tells; remembered, because a program prints the same few names for hours. */
export function factsOf(printed: string): NameFacts {
  const known = remembered.get(printed);
  if (known !== undefined) return known;
  const own = detached(printed);
  const name = canonical(own);
  const facts = {
    canonical: name,
    metric: metricName(own),
    position: POSITION_KINDS.get(name),
    isNoise: isNoise(own, name),
    isKnownMetric: directionOf(name) !== undefined,
  };
  if (remembered.size >= MOST_REMEMBERED) remembered.clear();
  remembered.set(own, facts);
  return facts;
}

const OF_VALIDATION = /^(?:val|valid|validation|eval|dev|test)(?:_|$)/;
const OF_TRAINING = /^(?:train|training)(?:_|$)/;

/**
 * The name under which a wanted metric was printed: exactly, or but for case and marks, or with the name of a data set
 * before it (`auc` is found as `valid_auc`); a validation set is preferred to others, and training is not taken for it.
 */
export function findMetric(names: Iterable<string>, wanted: string): string | undefined {
  const all = [...names];
  if (all.includes(wanted)) return wanted;
  const want = canonical(wanted);
  const same = all.find((name) => canonical(name) === want);
  if (same !== undefined) return same;
  const longer = all.filter((name) => canonical(name).endsWith(`_${want}`) && !OF_TRAINING.test(canonical(name)));
  return longer.find((name) => OF_VALIDATION.test(canonical(name))) ?? longer[0];
}
