import { describe, expect, test } from '@jest/globals';
import type { TrainingJob } from '../../../crds/schema/training-job.ts';
import { RUN_AGAIN } from '../../build/training-job/names.ts';
import { jobOf } from '../../build/training-job/testing.ts';
import { decideChange, fingerprintOf, RETRY } from './fingerprint.ts';

const before = (): TrainingJob =>
  jobOf({
    image: 'trainer:1',
    workers: { count: 2 },
    evaluation: { thresholds: [{ metric: 'accuracy', min: 0.9 }] },
    publish: { optimize: { precision: 'int8' }, card: { summary: 'old' } },
  });

const annotate = (job: TrainingJob, name: string): void => void (job.metadata.annotations = { [name]: 'x' });

describe('a change of', () => {
  test.each<{ what: string; edit: (job: TrainingJob) => void; want: object }>([
    { what: 'nothing', edit: () => undefined, want: { kind: 'none' } },
    {
      what: 'the image trains again',
      edit: ({ spec }) => (spec.image = 'trainer:2'),
      want: { kind: 'newRun', trigger: 'SpecChanged' },
    },
    {
      what: 'the number of workers trains again',
      edit: ({ spec }) => (spec.workers = { count: 3, processesPerWorker: 1 }),
      want: { kind: 'newRun', trigger: 'SpecChanged' },
    },
    {
      what: 'the annotation for another run trains again',
      edit: (job) => annotate(job, RUN_AGAIN),
      want: { kind: 'newRun', trigger: 'RunAgain' },
    },
    {
      what: 'thresholds evaluates again',
      edit: ({ spec }) => (spec.evaluation = {}),
      want: { kind: 'reopen', from: 'evaluate' },
    },
    {
      what: 'what is converted to converts again',
      edit: ({ spec }) => Object.assign(spec.publish ?? {}, { convert: 'none' }),
      want: { kind: 'reopen', from: 'convert' },
    },
    {
      what: 'precision compresses again',
      edit: ({ spec }) => Object.assign(spec.publish ?? {}, { optimize: { precision: 'fp16' } }),
      want: { kind: 'reopen', from: 'compress' },
    },
    {
      what: 'the card publishes again',
      edit: ({ spec }) => Object.assign(spec.publish ?? {}, { card: { summary: 'new' } }),
      want: { kind: 'reopen', from: 'publish' },
    },
    {
      what: 'the Model that follows does nothing again',
      edit: ({ spec }) => Object.assign(spec.publish ?? {}, { model: { name: 'iris' }, promote: 'Always' }),
      want: { kind: 'none' },
    },
    {
      what: 'memory only helps a stage that failed',
      edit: ({ spec }) => Object.assign(spec.workers ?? {}, { resources: { limits: { memory: '8Gi' } } }),
      want: { kind: 'means' },
    },
    {
      what: 'the annotation for another try only helps a stage that failed',
      edit: (job) => annotate(job, RETRY),
      want: { kind: 'means' },
    },
    { what: 'suspend is none', edit: ({ spec }) => (spec.suspend = true), want: { kind: 'none' } },
    {
      what: 'the schedule is none',
      edit: ({ spec }) =>
        (spec.schedule = { cron: '0 3 * * *', timeZone: 'Etc/UTC', concurrencyPolicy: 'Forbid', historyLimit: 3 }),
      want: { kind: 'none' },
    },
  ])('$what', ({ edit, want }) => {
    const after = before();
    edit(after);
    expect(decideChange(fingerprintOf(before()), fingerprintOf(after))).toEqual(want);
  });

  test('to a first stage after training trains again: without a work space nothing was kept', () => {
    const alone = fingerprintOf(jobOf({ image: 'trainer:1' }));
    const published = fingerprintOf(jobOf({ image: 'trainer:1', publish: {} }));
    expect(decideChange(alone, published)).toEqual({ kind: 'newRun', trigger: 'SpecChanged' });
  });

  test('back by taking the annotation away is none', () => {
    const annotated = before();
    annotate(annotated, RUN_AGAIN);
    expect(decideChange(fingerprintOf(annotated), fingerprintOf(before()))).toEqual({ kind: 'none' });
  });

  test('fits into the status', () => {
    const annotated = before();
    annotate(annotated, RUN_AGAIN);
    expect(fingerprintOf(annotated).length).toBeLessThanOrEqual(63);
  });
});
