import type { ApiObjectMetadata } from 'cdk8s';
import { Lazy } from 'cdk8s';
import { Construct } from 'constructs';
import type { TrainingJobSpecInput } from '../l1/kube-training-job.ts';
import { KubeTrainingJob } from '../l1/kube-training-job.ts';
import type { Reference } from './reference.ts';
import { dependOn, nameOf } from './reference.ts';

type Spec = TrainingJobSpecInput;
type Recipe = NonNullable<Spec['recipe']>;
type Data = NonNullable<Spec['data']>[number];
type Workers = NonNullable<Spec['workers']>;
type Search = NonNullable<Spec['search']>;
type Dimension = Search['parameters'][number];
type Threshold = NonNullable<NonNullable<Spec['evaluation']>['thresholds']>[number];
type Publish = NonNullable<Spec['publish']>;

/** What a TrainingJob is made from: a recipe, or a program. */
export interface TrainingJobProps {
  /** Labels, annotations, namespace, or another name than the id of the construct. */
  readonly metadata?: ApiObjectMetadata;
  /** The program or recipe, and whatever else of the spec the methods below do not say. */
  readonly spec: Spec;
}

/** A program that trains: its image, or its code in a ConfigMap. */
export interface ProgramProps {
  /** The image; the toolkit image of the framework when absent. */
  readonly image?: string;
  /** The command. */
  readonly command?: string[];
  /** A ConfigMap with the code, which is then the working directory. */
  readonly code?: Reference;
  /** What sets up the environment, such as `pytorch`. */
  readonly framework?: Spec['framework'];
  /** What the model will do; needed to publish it under a task. */
  readonly task?: Spec['task'];
}

/** A training, from data to a published model. */
export class TrainingJob extends Construct {
  /** The name of the TrainingJob: what `Model.fromTrainingJob` calls it. */
  readonly name: string;
  readonly #spec: Spec;

  /** Adds a TrainingJob; `fromRecipe` and `fromProgram` read better. The id is also its name. */
  constructor(scope: Construct, id: string, { spec: given, metadata }: TrainingJobProps) {
    super(scope, id);
    this.#spec = { ...given };
    const spec = Lazy.any({ produce: () => this.#spec }) as Spec;
    this.name = new KubeTrainingJob(this, 'Default', { metadata: { name: id, ...metadata }, spec }).name;
  }

  /** Trains with a built-in trainer: `TrainingJob.fromRecipe(chart, 'churn', { name: 'tabular-classification' })`. */
  static fromRecipe(scope: Construct, id: string, recipe: Recipe): TrainingJob {
    return new TrainingJob(scope, id, { spec: { recipe } });
  }

  /** Trains with a program of your own. */
  static fromProgram(scope: Construct, id: string, { code, ...program }: ProgramProps): TrainingJob {
    const mounted = code === undefined ? {} : { code: { configMap: { name: nameOf(code) } } };
    const job = new TrainingJob(scope, id, { spec: { ...program, ...mounted } });
    if (code !== undefined) dependOn(job, code);
    return job;
  }

  /** Trains on this data; may be called again for more. The name `train` is what recipes look for. */
  onData(uri: string, { name = 'train', ...more }: Partial<Omit<Data, 'uri'>> = {}): this {
    this.#spec.data = [...(this.#spec.data ?? []), { name, uri, ...more }];
    return this;
  }

  /** Cleans, imputes, encodes, normalises and splits the table, to predict this column. */
  predicting(target: string, prepare: Omit<NonNullable<Spec['prepare']>, 'target'> = {}): this {
    this.#spec.prepare = { target, ...prepare };
    return this;
  }

  /** Gives the program parameters; may be called again for more. */
  withParameters(parameters: Readonly<Record<string, string | number | boolean>>): this {
    this.#spec.parameters = { ...this.#spec.parameters, ...parameters };
    return this;
  }

  /** Starts from a verified Model (fine-tuning). */
  startingFrom(model: Reference): this {
    dependOn(this, model);
    this.#spec.baseModel = { name: nameOf(model) };
    return this;
  }

  /** Learns from the answers of a verified Model (distillation). */
  learningFrom(teacher: Reference): this {
    dependOn(this, teacher);
    this.#spec.teacherModel = { name: nameOf(teacher) };
    return this;
  }

  /** Trains with this many pods together. */
  onWorkers(count: number, workers: Omit<Workers, 'count'> = {}): this {
    this.#spec.workers = { ...this.#spec.workers, ...workers, count };
    return this;
  }

  /** Gives each pod whole GPUs. */
  withGpu(count = 1, resourceName = 'nvidia.com/gpu'): this {
    this.#spec.workers = { ...this.#spec.workers, accelerator: { resourceName, count } };
    return this;
  }

  /** Searches for parameters: `searching({ metric: 'val_loss', goal: 'minimize' }, [{ name: 'l2', … }], { maxTrials: 50 })`. */
  searching(
    objective: Search['objective'],
    parameters: Dimension[],
    how: Omit<Search, 'objective' | 'parameters'>,
  ): this {
    this.#spec.search = { objective, parameters, ...how };
    return this;
  }

  /** Publishes only what reaches this; may be called again for more. */
  reaching(threshold: Threshold): this {
    const thresholds = [...(this.#spec.evaluation?.thresholds ?? []), threshold];
    this.#spec.evaluation = { ...this.#spec.evaluation, thresholds };
    return this;
  }

  /** Publishes the model; without `to` into the registry of the platform. */
  publishing(publish: Publish = {}): this {
    this.#spec.publish = { ...this.#spec.publish, ...publish };
    return this;
  }

  /** Publishes it, and makes a Model of this name that follows. */
  asModel(name: string): this {
    return this.publishing({ model: { name } });
  }

  /** Makes it smaller, if its metric gets worse by no more than `maxMetricDrop`. */
  optimizing(optimize: NonNullable<Publish['optimize']>): this {
    return this.publishing({ optimize });
  }

  /** Runs again and again: `every('0 3 * * 1', { timeZone: 'Europe/Paris' })`. */
  every(cron: string, schedule: Omit<NonNullable<Spec['schedule']>, 'cron'> = {}): this {
    this.#spec.schedule = { cron, ...schedule };
    return this;
  }

  /** Waits in a queue of Kueue. */
  inQueue(queue: Reference): this {
    this.#spec.queueName = nameOf(queue);
    return this;
  }

  /** Stops the pods and keeps everything else. */
  suspended(isSuspended = true): this {
    this.#spec.suspend = isSuspended;
    return this;
  }
}
