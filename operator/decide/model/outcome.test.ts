import { describe, expect, test } from '@jest/globals';
import type { CandidateRevision, CurrentRevision, Model, SourcedModel } from '../../../crds/schema/model.ts';
import { specHash } from '../../build/model/spec-hash.ts';
import { failedCandidate, needsPerson, verifiedRevision } from './candidate.ts';
import { decideGoal } from './goal.ts';
import { withFailure, withSuccess } from './history.ts';
import { decideStep, relevantCandidate } from './step.ts';
import { retryDelayMs } from '../times.ts';
import { decideVerdict } from './verdict.ts';

const NOW = new Date('2026-01-02T00:00:00Z');
const IMAGE = 'runtime:1';
const SPEC: SourcedModel['spec'] = { task: 'custom', source: { uri: 'https://host/a.onnx' } };
const HASH = specHash({ apiVersion: 'x', kind: 'Model', metadata: { name: 'iris', namespace: 'team' }, spec: SPEC });

const CURRENT: CurrentRevision = {
  revision: 'r1',
  specHash: HASH,
  verifiedAt: '2026-01-01T00:00:00Z',
  verifiedWith: IMAGE,
};

const modelOf = (status: Model['status'] = {}, spec: Partial<SourcedModel['spec']> = {}): SourcedModel => ({
  apiVersion: 'aimass.dev/v1alpha1',
  kind: 'Model',
  metadata: { name: 'iris', namespace: 'team' },
  spec: { ...SPEC, ...spec },
  status,
});

const candidateOf = (change: Partial<CandidateRevision>): CandidateRevision => ({
  phase: 'Failed',
  specHash: HASH,
  verifiedWith: IMAGE,
  attempts: 1,
  reason: 'SourceTimeout',
  message: 'It took too long.',
  retryable: true,
  ...change,
});

describe('decideGoal', () => {
  test.each([
    { name: 'nothing verified yet', model: modelOf(), want: 'verify' },
    { name: 'verified as it is', model: modelOf({ current: CURRENT }), want: 'none' },
    {
      name: 'another source',
      model: modelOf({ current: CURRENT }, { source: { uri: 'https://host/b.onnx' } }),
      want: 'verify',
    },
    { name: 'another card', model: modelOf({ current: CURRENT }, { card: { summary: 'x' } }), want: 'none' },
    { name: 'another runtime', model: modelOf({ current: { ...CURRENT, verifiedWith: 'old' } }), want: 'verifyAgain' },
    {
      name: 'due to the second',
      model: modelOf({ current: CURRENT }, { verification: { every: '24h' } }),
      want: 'verifyAgain',
    },
    { name: 'not due yet', model: modelOf({ current: CURRENT }, { verification: { every: '2d' } }), want: 'none' },
  ])('$name: $want', ({ model, want }) => {
    expect(decideGoal(model, IMAGE, NOW)).toBe(want);
  });
});

describe('decideStep', () => {
  const base = { goal: 'verify' as const, progress: { state: 'missing' as const }, runtimeImage: IMAGE, now: NOW };

  test.each([
    { name: 'no candidate starts', candidate: undefined, want: 'start' },
    { name: 'a pending one starts', candidate: candidateOf({ phase: 'Pending' }), want: 'start' },
    { name: 'one whose Job is gone starts', candidate: candidateOf({ phase: 'Verifying' }), want: 'start' },
    {
      name: 'a failed one rests before its time',
      candidate: candidateOf({ retryAt: '2026-01-02T00:00:01Z' }),
      want: 'rest',
    },
    {
      name: 'a failed one starts at its time',
      candidate: candidateOf({ retryAt: '2026-01-02T00:00:00Z' }),
      want: 'start',
    },
    { name: 'one that failed for good rests', candidate: candidateOf({ retryable: false }), want: 'rest' },
    {
      name: 'missing golden examples are looked for',
      candidate: candidateOf({ reason: 'GoldenMissing' }),
      want: 'start',
    },
    {
      name: 'a new runtime may do better',
      candidate: candidateOf({ retryable: false, verifiedWith: 'old' }),
      want: 'start',
    },
  ])('$name', ({ candidate, want }) => {
    expect(decideStep({ ...base, model: modelOf(), candidate }).kind).toBe(want);
  });

  test('a candidate of another spec does not count', () => {
    const model = modelOf({ candidate: candidateOf({ specHash: 'other' }) });
    expect(relevantCandidate(model, 'verify')).toBeUndefined();
  });
});

describe('failures', () => {
  const context = (attempts: number) => ({
    model: modelOf(),
    candidate: candidateOf({ phase: 'Verifying', attempts }),
    runtimeImage: IMAGE,
    now: NOW,
  });

  test('pauses grow from 30 s to 30 min', () => {
    expect([1, 2, 3, 6, 7, 99].map((attempt) => retryDelayMs(attempt) / 1000)).toEqual([30, 60, 120, 960, 1800, 1800]);
  });

  test('a third crash in a row is for good', () => {
    const crash = { reason: 'VerificationCrashed', message: 'exit 139', retryable: true };
    expect(failedCandidate(context(1), crash)).toMatchObject({ retryable: true, retryAt: '2026-01-02T00:01:00Z' });
    const last = failedCandidate(context(2), crash);
    expect(last).toMatchObject({ retryable: false, attempts: 3 });
    expect(last.retryAt).toBeUndefined();
  });

  test.each([
    { name: 'no failure', candidate: candidateOf({ reason: undefined as never }), want: false },
    { name: 'one that can pass', candidate: candidateOf({}), want: false },
    { name: 'one that has not passed for long', candidate: candidateOf({ attempts: 5 }), want: true },
    { name: 'one that cannot pass', candidate: candidateOf({ retryable: false }), want: true },
  ])('needsPerson: $name', ({ candidate, want }) => {
    expect(needsPerson(candidate)).toBe(want);
  });

  test('tries that fail alike are one entry of the history, which keeps ten', () => {
    const old = Array.from({ length: 10 }, () => withSuccess([], CURRENT)).flat();
    const once = withFailure(old, candidateOf({}), '2026-01-02T00:00:00Z');
    const twice = withFailure(once, candidateOf({}), '2026-01-02T00:01:00Z');
    expect(twice).toHaveLength(10);
    expect(twice.filter(({ outcome }) => outcome === 'Failed')).toHaveLength(1);
    expect(twice[0]?.verifiedAt).toBe('2026-01-02T00:01:00Z');
  });
});

describe('verifiedRevision', () => {
  const accept = (finishedAt: string, spec: Partial<SourcedModel['spec']> = {}) =>
    verifiedRevision(
      {
        model: modelOf({}, spec),
        candidate: candidateOf({ startedAt: '2026-01-01T23:00:00Z' }),
        runtimeImage: IMAGE,
        now: NOW,
      },
      { state: 'succeeded', findings: { digest: 'sha256:1' }, image: IMAGE, finishedAt },
    );

  test.each([
    { name: 'the time of the pod', finishedAt: '2026-01-01T23:30:00Z', want: '2026-01-01T23:30:00Z' },
    { name: 'not that of a clock that is behind', finishedAt: '2025-12-01T00:00:00Z', want: '2026-01-02T00:00:00Z' },
    { name: 'not that of a clock that is ahead', finishedAt: '2027-01-01T00:00:00Z', want: '2026-01-02T00:00:00Z' },
  ])('$name', ({ finishedAt, want }) => {
    expect(accept(finishedAt).verifiedAt).toBe(want);
  });

  test('keeps from where and with what it was fetched, for the pods', () => {
    const source = { uri: 'oci://host/a:1', maxSize: '1Gi', caBundle: { name: 'ca', key: 'ca.crt' } };
    const credentials = { secretName: 'login' };
    expect(accept('2026-01-01T23:30:00Z', { source, credentials })).toMatchObject({ ...source, credentials });
  });
});

describe('decideVerdict', () => {
  const facts = { model: modelOf(), current: undefined, candidate: undefined, now: NOW };

  test.each([
    { name: 'all is well', facts: { ...facts, goal: 'none' as const, current: CURRENT }, want: 'True Verified' },
    {
      name: 'the first verification runs',
      facts: {
        ...facts,
        goal: 'verify' as const,
        candidate: candidateOf({ phase: 'Verifying', reason: undefined as never }),
      },
      want: 'False Verifying reconciling',
    },
    {
      name: 'a try after a failure runs',
      facts: { ...facts, goal: 'verify' as const, candidate: candidateOf({ phase: 'Verifying' }) },
      want: 'False Verifying reconciling',
    },
    {
      name: 'a failure that can pass',
      facts: { ...facts, goal: 'verify' as const, candidate: candidateOf({}) },
      want: 'False SourceTimeout reconciling',
    },
    {
      name: 'a failure for good',
      facts: { ...facts, goal: 'verify' as const, candidate: candidateOf({ retryable: false }) },
      want: 'False SourceTimeout stalled',
    },
    {
      name: 'verified again',
      facts: {
        ...facts,
        goal: 'verifyAgain' as const,
        current: CURRENT,
        candidate: candidateOf({ phase: 'Verifying' }),
      },
      want: 'True Verified',
    },
    {
      name: 'verified again, failed for good',
      facts: { ...facts, goal: 'verifyAgain' as const, current: CURRENT, candidate: candidateOf({ retryable: false }) },
      want: 'False SourceTimeout stalled',
    },
    {
      name: 'something is missing',
      facts: { ...facts, goal: 'verify' as const, waiting: { what: 'no node', since: '2026-01-01T23:50:01Z' } },
      want: 'False VerificationPending reconciling',
    },
    {
      name: 'something is missing for ten minutes',
      facts: { ...facts, goal: 'verify' as const, waiting: { what: 'no node', since: '2026-01-01T23:50:00Z' } },
      want: 'False VerificationPending stalled',
    },
  ])('$name: $want', ({ facts: given, want }) => {
    const { ready, reason, besides } = decideVerdict(given);
    const flags = besides === undefined ? '' : ` ${besides.type.toLowerCase()}`;
    expect(`${ready} ${reason}${flags}`).toBe(want);
  });

  test.each([
    { ahead: 1, want: '1 is before this one' },
    { ahead: 7, want: '7 are before this one' },
    { ahead: 10, want: 'more than 9 are before this one' },
    { ahead: 4321, want: 'more than 4000 are before this one' },
  ])('a place in the line is told roughly ($ahead)', ({ ahead, want }) => {
    const verdict = decideVerdict({ ...facts, goal: 'verify', start: { kind: 'queued', ahead } });
    expect(verdict.message).toContain(want);
  });
});
