import type { Framework } from '../../../../crds/schema/training/program.ts';
import { trainingJobSpec, type TrainingJob } from '../../../../crds/schema/training-job.ts';
import { API_VERSION } from '../../../../crds/schema/shared.ts';
import { Component, Label } from '../../../build/labels.ts';
import type { ObjectiveValues } from '../../../decide/training-job/search/objective.ts';
import type { SearchOutcome } from '../../../decide/training-job/search/search-outcome.ts';
import type { SuggestRequest } from '../../../decide/training-job/search/suggest-exchange.ts';
import { parseRecords, type TrialRecord } from '../../../decide/training-job/search/trial-record.ts';
import type { Voice } from '../../../decide/training-job/voice.ts';
import type { KubeObject } from '../../../kube/cluster.ts';
import { MemoryCluster } from '../../../kube/memory-cluster.ts';
import { createPodOf, finishJob } from '../../../kube/testing/children.ts';
import { parseSettings } from '../../../settings.ts';
import { type SearchingJob, isSearching } from './context.ts';
import { reconcileSearch } from './reconcile-search.ts';
import type { Suggestion } from './suggest-client.ts';

const NAMESPACE = 'team';
const JOB = { apiVersion: 'batch/v1', kind: 'Job' } as const;
const POD = { apiVersion: 'v1', kind: 'Pod' } as const;
const CONFIG_MAP = { apiVersion: 'v1', kind: 'ConfigMap' } as const;
const START = Date.parse('2026-01-01T00:00:00Z');

type ConfigMap = KubeObject & { data?: Record<string, string> };

/** What may be asked of a search in tests. */
export interface Asked {
  search?: object;
  maxRestarts?: number;
  startTimeout?: string;
  stall?: { after?: string; restart?: boolean };
  workers?: object;
  framework?: Framework;
}

/** How a trial ends in tests. */
export interface End {
  exitCode?: number;
  /** What it leaves in its termination message. */
  message?: string;
  /** Its node is lost. */
  isLost?: boolean;
}

/** A search over a cluster in memory, with the kubelet's acts, and a suggest service that counts from one. */
export class SearchWorld {
  now = START;
  readonly cluster = new MemoryCluster({ now: () => this.now });
  readonly questions: SuggestRequest[] = [];
  /** What the service says in place of its next points. */
  answer: Suggestion | undefined;
  /** Numbers of trials that the service wants to be stopped. */
  prune: number[] = [];
  /** How many points the space has. */
  points = 1000;
  /** What is read in the output of trials, by the name of their Job. */
  readonly output = new Map<string, ObjectiveValues>();
  /** The node that has the output does not answer. */
  isOutputLost = false;
  /** What the pods of trials tell. */
  voice: Voice | undefined;
  run = 1;
  readonly settings = parseSettings({ runtimeImage: 'runtime:1' });
  #job: SearchingJob;

  constructor({ search, ...asked }: Asked = {}) {
    const spec = trainingJobSpec.parse({
      image: 'train:1',
      search: {
        objective: { metric: 'accuracy', goal: 'maximize' },
        parameters: [{ name: 'x', type: 'int', min: 0, max: 1000 }],
        maxTrials: 4,
        parallelTrials: 2,
        ...search,
      },
      ...asked,
    });
    const job: TrainingJob = this.cluster.server.create({
      apiVersion: API_VERSION,
      kind: 'TrainingJob',
      metadata: { name: 'digits', namespace: NAMESPACE },
      spec,
    });
    if (!isSearching(job)) throw new Error('the job does not search');
    this.#job = job;
  }

  get job(): SearchingJob {
    return this.#job;
  }

  /** One pass; what is only in memory is new each time. */
  pass(): Promise<SearchOutcome> {
    return reconcileSearch({
      job: this.#job,
      run: this.run,
      settings: this.settings,
      cluster: this.cluster,
      voice: this.voice,
      capacity: { read: () => Promise.resolve(undefined) },
      voices: { trialValue: ({ name }) => this.#outputOf(name) },
      suggest: (_search, request) => Promise.resolve(this.#suggest(request)),
      now: new Date(this.now),
    });
  }

  #outputOf(name: string): ObjectiveValues {
    if (this.isOutputLost) throw new Error('500: the node does not answer');
    return this.output.get(name) ?? { curve: [] };
  }

  /** The next numbers that no trial has had: the same question has the same answer. */
  #suggest(request: SuggestRequest): Suggestion {
    this.questions.push(structuredClone(request));
    if (this.answer !== undefined) return this.answer;
    const first = request.trials.length;
    const count = Math.max(0, Math.min(request.count, this.points - first));
    const suggestions = Array.from({ length: count }, (_, index) => ({ parameters: { x: first + index } }));
    return { kind: 'answer', answer: { suggestions, prune: this.prune, exhausted: first + count >= this.points } };
  }

  jobs(): readonly KubeObject[] {
    return this.cluster.server.list({ ...JOB, namespace: NAMESPACE });
  }

  jobNames(): string[] {
    return this.jobs().map(({ metadata }) => metadata.name);
  }

  ledgers(): readonly ConfigMap[] {
    return this.cluster.server.list<ConfigMap>({
      ...CONFIG_MAP,
      namespace: NAMESPACE,
      labels: { [Label.component]: Component.trials },
    });
  }

  trials(): TrialRecord[] {
    return this.ledgers().flatMap(({ data }) => parseRecords(data?.['trials.json'] ?? ''));
  }

  /** One word for each trial: number, state and value. */
  told(): string[] {
    return this.trials().map(({ number, state, value }) =>
      [number, state, value].filter((one) => one !== undefined).join(' '),
    );
  }

  #jobOf(trial: number): KubeObject {
    const found = this.jobs().find(({ metadata }) => metadata.labels?.[Label.trial] === String(trial));
    if (found === undefined) throw new Error(`trial ${trial} has no Job`);
    return found;
  }

  /** The kubelet starts the pod of a trial. */
  startPod(trial: number): KubeObject {
    const job = this.#jobOf(trial);
    return createPodOf(this.cluster, job, {
      name: `${job.metadata.name}-pod`,
      status: { phase: 'Running', containerStatuses: [{ name: 'train', state: { running: {} } }] },
    });
  }

  /** The pod of a worker of a trial is as given. */
  setPod(trial: number, status: object, index = 0): void {
    const job = this.#jobOf(trial);
    const name = `${job.metadata.name}-pod${index === 0 ? '' : `-${index}`}`;
    if (this.cluster.server.get({ ...POD, namespace: NAMESPACE, name }) === undefined)
      createPodOf(this.cluster, job, { name, status });
    else this.cluster.server.setStatus({ ...POD, namespace: NAMESPACE, name }, status);
  }

  /** What a trial printed. */
  print(trial: number, values: ObjectiveValues): void {
    this.output.set(this.#jobOf(trial).metadata.name, values);
  }

  /** The pod of a trial ends, and the Job controller says so. */
  end(trial: number, { exitCode = 0, message, isLost = false }: End = {}): void {
    const job = this.#jobOf(trial);
    const finishedAt = new Date(this.now).toISOString().replace('.000Z', 'Z');
    const lost = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'DeletionByTaintManager',
      message: 'Taint manager',
    };
    const status = {
      phase: exitCode === 0 && !isLost ? 'Succeeded' : 'Failed',
      ...(isLost ? { conditions: [lost] } : {}),
      containerStatuses: [
        {
          name: 'train',
          state: {
            terminated: {
              exitCode: isLost ? 143 : exitCode,
              finishedAt,
              ...(message === undefined ? {} : { message }),
            },
          },
        },
      ],
    };
    this.setPod(trial, status);
    finishJob(this.cluster, { ...JOB, namespace: NAMESPACE, name: job.metadata.name }, status.phase === 'Succeeded');
  }

  /** A trial ends well with this value of the objective. */
  succeed(trial: number, accuracy: number): void {
    this.end(trial, { message: JSON.stringify({ metrics: { accuracy } }) });
  }
}
