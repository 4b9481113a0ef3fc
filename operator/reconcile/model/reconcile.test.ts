import { beforeEach, describe, expect, test } from '@jest/globals';
import { FETCHED, ModelWorld, VERIFIED } from './testing.ts';

const GOLDEN = { verification: { golden: { configMap: { name: 'golden', key: 'golden.json' } } } };
const refuse = (reason: string, retryable = false) => ({ ok: false, reason, message: `${reason} happened`, retryable });

let world: ModelWorld;
beforeEach(() => {
  world = new ModelWorld();
});

describe('a new Model', () => {
  test('is verified by one Job, and a second pass writes nothing', async () => {
    world.createModel();
    await world.reconcile();
    expect(world.conditions()).toBe('Ready=False Verifying, Reconciling=True Verifying');
    expect(world.cluster.writes.map(({ verb }) => verb)).toEqual(['create', 'status', 'event']);
    world.cluster.writes.length = 0;
    await world.reconcile();
    expect(world.cluster.writes).toEqual([]);
  });

  test('is Ready once its pod has reported, and the current revision says what was found', async () => {
    await world.settle();
    expect(world.conditions()).toBe('Ready=True Verified');
    const { current, candidate, history, observedGeneration } = world.status();
    expect(current).toMatchObject({ digest: FETCHED.digest, opset: 17, sizeBytes: 5230, verifiedWith: 'runtime:1' });
    expect(current?.verifiedAt).toBe('2026-01-01T00:01:00Z');
    expect(candidate).toBeUndefined();
    expect(history).toMatchObject([{ outcome: 'Verified', digest: FETCHED.digest }]);
    expect(observedGeneration).toBe(1);
    world.cluster.writes.length = 0;
    expect(await world.reconcile()).toEqual({});
    expect(world.cluster.writes).toEqual([]);
  });

  test('keeps the commit that an hf branch stood for, so that pods fetch what was verified', async () => {
    world.createModel({ source: { uri: 'hf://owner/name' } });
    await world.reconcile();
    const uri = `hf://owner/name@${'c'.repeat(40)}`;
    world.endPod({ fetch: { ...FETCHED, uri }, verify: VERIFIED });
    await world.reconcile();
    expect(world.status().current?.uri).toBe(uri);
    world.cluster.writes.length = 0;
    await world.reconcile();
    expect(world.cluster.writes).toEqual([]);
  });

  test('tells each transition once', async () => {
    await world.settle();
    await world.reconcile();
    expect(world.cluster.events.map(({ event }) => event.reason)).toEqual(['VerificationStarted', 'Verified']);
  });
});

describe('golden examples', () => {
  test('are frozen in a copy that belongs to the revision', async () => {
    world.createGolden();
    await world.settle(GOLDEN);
    const { current } = world.status();
    expect(current?.goldenConfigMap).toMatch(/^iris-golden-[0-9a-f]{10}$/);
    expect(
      world.cluster.server.get({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        namespace: 'team',
        name: current?.goldenConfigMap ?? '',
      }),
    ).toMatchObject({ immutable: true, data: { 'golden.json': '{"examples":[]}' } });
  });

  test('that are missing are waited for, then stall the Model, and are found when they come', async () => {
    world.createModel(GOLDEN);
    expect(await world.reconcile()).toEqual({ requeueAfterMs: 5000 });
    expect(world.conditions()).toBe('Ready=False GoldenMissing, Reconciling=True GoldenMissing');
    expect(world.message()).toContain('ConfigMap "golden"');
    world.now += 120_000;
    expect(await world.reconcile()).toEqual({ requeueAfterMs: 60_000 });
    expect(world.conditions()).toBe('Ready=False GoldenMissing, Stalled=True GoldenMissing');
    world.cluster.writes.length = 0;
    world.now += 60_000;
    await world.reconcile();
    expect(world.cluster.writes).toEqual([]);
    world.createGolden();
    await world.reconcile();
    expect(world.conditions()).toBe('Ready=False Verifying, Reconciling=True Verifying');
  });

  test('that are corrected after a mismatch are tried again by themselves', async () => {
    world.createGolden();
    world.createModel(GOLDEN);
    await world.reconcile();
    world.endPod({ fetch: FETCHED, verify: refuse('GoldenMismatch') });
    expect(await world.reconcile()).toEqual({ requeueAfterMs: 60_000 });
    world.cluster.writes.length = 0;
    await world.reconcile();
    expect(world.cluster.writes).toEqual([]);
    world.cluster.server.edit({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'team', name: 'golden' }, (copy) => {
      Object.assign(copy, { data: { 'golden.json': '{"examples":[1]}' } });
    });
    await world.reconcile();
    world.endPod({ fetch: FETCHED, verify: VERIFIED });
    await world.reconcile();
    expect(world.conditions()).toBe('Ready=True Verified');
  });

  test('that change make a new revision, and the old copy goes', async () => {
    world.createGolden();
    await world.settle({ ...GOLDEN, sha256: 'a'.repeat(64) });
    const before = world.status().current;
    world.cluster.server.edit({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'team', name: 'golden' }, (copy) => {
      Object.assign(copy, { data: { 'golden.json': '{"examples":[1]}' } });
    });
    world.editSpec((spec) => delete spec.sha256);
    await world.reconcile();
    world.endPod({ fetch: FETCHED, verify: VERIFIED });
    await world.reconcile();
    const after = world.status().current;
    expect(after?.revision).not.toBe(before?.revision);
    const copies = world.cluster.server
      .list({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'team' })
      .map(({ metadata }) => metadata.name);
    expect(copies).toEqual(['golden', after?.goldenConfigMap]);
  });
});

describe('a verification that fails', () => {
  test('for good stalls the Model and says what to do', async () => {
    world.createModel();
    await world.reconcile();
    world.endPod({ fetch: refuse('DigestMismatch') });
    expect(await world.reconcile()).toEqual({});
    expect(world.conditions()).toBe('Ready=False DigestMismatch, Stalled=True DigestMismatch');
    expect(world.message()).toMatch(/^DigestMismatch happened\. .*verifyAgain/);
    expect(world.status().history).toMatchObject([{ outcome: 'Failed', reason: 'DigestMismatch' }]);
    world.cluster.writes.length = 0;
    await world.reconcile();
    expect(world.cluster.writes).toEqual([]);
  });

  test('for now is tried again with growing pauses, and stalls only after five tries', async () => {
    world.createModel();
    const seen: string[] = [];
    for (let attempt = 1; attempt <= 6; attempt += 1) {
      await world.reconcile();
      world.endPod({ fetch: refuse('SourceUnreachable', true) });
      const { requeueAfterMs = 0 } = await world.reconcile();
      seen.push(`${requeueAfterMs / 1000} s ${world.conditions().split(', ')[1] ?? ''}`);
      world.now += requeueAfterMs;
    }
    expect(seen).toEqual([
      '30 s Reconciling=True SourceUnreachable',
      '60 s Reconciling=True SourceUnreachable',
      '120 s Reconciling=True SourceUnreachable',
      '240 s Reconciling=True SourceUnreachable',
      '480 s Stalled=True SourceUnreachable',
      '960 s Stalled=True SourceUnreachable',
    ]);
    expect(world.status().history).toHaveLength(1);
    expect(world.jobs()).toHaveLength(6);
  });

  test('is not tried again before its time', async () => {
    world.createModel();
    await world.reconcile();
    world.endPod({ fetch: refuse('SourceUnreachable', true) });
    await world.reconcile();
    world.now += 29_000;
    expect(await world.reconcile()).toEqual({ requeueAfterMs: 1000 });
    expect(world.jobs()).toHaveLength(1);
  });

  test('starts again at once when the spec changes', async () => {
    world.createModel();
    await world.reconcile();
    world.endPod({ fetch: refuse('SourceNotFound') });
    await world.reconcile();
    world.editSpec((spec) => (spec.source.uri = 'https://host/b.onnx'));
    await world.reconcile();
    expect(world.conditions()).toBe('Ready=False Verifying, Reconciling=True Verifying');
    expect(world.status().candidate).toMatchObject({ phase: 'Verifying', attempts: 0 });
  });

  test('starts again when the annotation changes, without a change of the spec', async () => {
    world.createModel();
    await world.reconcile();
    world.endPod({ fetch: refuse('SourceNotFound') });
    await world.reconcile();
    world.cluster.server.edit(
      { apiVersion: 'aimass.dev/v1alpha1', kind: 'Model', namespace: 'team', name: 'iris' },
      ({ metadata }) => (metadata.annotations = { 'aimass.dev/verifyAgain': '1' }),
    );
    await world.reconcile();
    expect(world.conditions()).toBe('Ready=False Verifying, Reconciling=True Verifying');
    world.endPod({ fetch: FETCHED, verify: VERIFIED });
    await world.reconcile();
    expect(world.conditions()).toBe('Ready=True Verified');
  });

  test('leaves the current revision, and says that it keeps serving', async () => {
    await world.settle();
    const { current } = world.status();
    world.editSpec((spec) => (spec.source.uri = 'https://host/b.onnx'));
    await world.reconcile();
    expect(world.message()).toContain('keeps serving');
    world.endPod({ fetch: FETCHED, verify: refuse('GoldenMismatch') });
    await world.reconcile();
    expect(world.status().current).toEqual(current);
    expect(world.message()).toContain(`Revision ${current?.revision ?? '?'}, verified at`);
    expect(world.status().candidate).toMatchObject({ phase: 'Failed', digest: FETCHED.digest });
  });

  test('because the Job was deleted by hand is made again', async () => {
    world.createModel();
    await world.reconcile();
    const job = world.runningJob();
    world.cluster.server.delete({ apiVersion: 'batch/v1', kind: 'Job', namespace: 'team', name: job.metadata.name });
    await world.reconcile();
    expect(world.runningJob().metadata.name).toBe(job.metadata.name);
  });
});

describe('a spec that flips', () => {
  test('A → B → A ends at A without leftovers', async () => {
    world.createModel();
    await world.reconcile();
    const first = world.runningJob().metadata.name;
    world.editSpec((spec) => (spec.source.uri = 'https://host/b.onnx'));
    await world.reconcile();
    expect(world.jobs()).toHaveLength(1);
    world.editSpec((spec) => (spec.source.uri = 'https://host/a.onnx'));
    await world.reconcile();
    expect(world.jobs()).toHaveLength(1);
    expect(world.runningJob().metadata.name).not.toBe(first);
    world.endPod({ fetch: FETCHED, verify: VERIFIED });
    await world.reconcile();
    expect(world.conditions()).toBe('Ready=True Verified');
    expect(world.status().current?.uri).toBe('https://host/a.onnx');
  });

  test('back to what is verified is Ready at once, without a Job', async () => {
    await world.settle();
    world.editSpec((spec) => (spec.source.uri = 'https://host/b.onnx'));
    await world.reconcile();
    world.editSpec((spec) => (spec.source.uri = 'https://host/a.onnx'));
    await world.reconcile();
    expect(world.conditions()).toBe('Ready=True Verified');
    expect(world.status().candidate).toBeUndefined();
    expect(world.jobs()).toHaveLength(1);
  });

  test('in the card or the schedule alone verifies nothing', async () => {
    await world.settle();
    world.editSpec((spec) => Object.assign(spec, { card: { summary: 'new' }, verification: { every: '24h' } }));
    expect(await world.reconcile()).toEqual({ requeueAfterMs: 24 * 3_600_000 });
    expect(world.status().observedGeneration).toBe(2);
    expect(world.jobs()).toHaveLength(1);
  });
});

describe('verification again', () => {
  const EVERY = { verification: { every: '24h' } };

  test('on schedule never shows in the conditions while it goes well', async () => {
    await world.settle(EVERY);
    const before = world.status().conditions;
    world.now += 24 * 3_600_000;
    await world.reconcile();
    expect(world.jobs()).toHaveLength(2);
    expect(world.status().conditions).toEqual(before);
    world.endPod({ fetch: FETCHED, verify: VERIFIED });
    await world.reconcile();
    expect(world.status().conditions).toEqual(before);
    expect(world.status().current?.verifiedAt).toBe('2026-01-02T00:01:00Z');
    expect(world.status().history).toHaveLength(2);
  });

  test('after an upgrade of the runtime', async () => {
    await world.settle();
    world.settings = { ...world.settings, runtimeImage: 'runtime:2' };
    await world.reconcile();
    world.endPod({ fetch: FETCHED, verify: VERIFIED });
    await world.reconcile();
    expect(world.status().current?.verifiedWith).toBe('runtime:2');
    expect(world.conditions()).toBe('Ready=True Verified');
  });

  test('that fails takes Ready away, keeps serving and tries again on schedule', async () => {
    await world.settle(EVERY);
    world.now += 24 * 3_600_000;
    await world.reconcile();
    world.endPod({ fetch: refuse('SourceNotFound') });
    expect(await world.reconcile()).toEqual({ requeueAfterMs: 24 * 3_600_000 });
    expect(world.conditions()).toBe('Ready=False SourceNotFound, Stalled=True SourceNotFound');
    expect(world.message()).toMatch(/was verified at .* failed when it was verified again.*keep serving/);
    world.now += 24 * 3_600_000;
    await world.reconcile();
    expect(world.conditions()).toBe('Ready=False SourceNotFound, Stalled=True SourceNotFound');
    world.endPod({ fetch: FETCHED, verify: VERIFIED });
    await world.reconcile();
    expect(world.conditions()).toBe('Ready=True Verified');
  });

  test('that fails for a moment is not seen', async () => {
    await world.settle(EVERY);
    world.now += 24 * 3_600_000;
    await world.reconcile();
    world.endPod({ fetch: refuse('SourceUnreachable', true) });
    await world.reconcile();
    expect(world.conditions()).toBe('Ready=True Verified');
  });

  test('uses the frozen examples when the user has taken his away', async () => {
    world.createGolden();
    await world.settle({ verification: { ...GOLDEN.verification, every: '24h' } });
    world.cluster.server.delete({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'team', name: 'golden' });
    world.now += 24 * 3_600_000;
    await world.reconcile();
    expect(world.conditions()).toBe('Ready=True Verified');
    expect(world.status().candidate?.goldenConfigMap).toBe(world.status().current?.goldenConfigMap);
  });
});

describe('what is in the way of a start', () => {
  test.each([
    { reason: 'QuotaExceeded' as const, want: 'Ready=False VerificationPending, Reconciling=True VerificationPending' },
    { reason: 'Forbidden' as const, want: 'Ready=False VerificationPending, Stalled=True VerificationPending' },
    { reason: 'Invalid' as const, want: 'Ready=False InvalidSpec, Stalled=True InvalidSpec' },
  ])('a refusal ($reason) is told, and passes', async ({ reason, want }) => {
    const allow = world.cluster.refuse(({ kind }) => kind === 'Job', {
      code: 403,
      reason,
      message: 'exceeded quota: q',
    });
    world.createModel();
    expect(await world.reconcile()).toEqual({ requeueAfterMs: 60_000 });
    expect(world.conditions()).toBe(want);
    expect(world.message()).toContain('exceeded quota: q');
    world.cluster.writes.length = 0;
    await world.reconcile();
    expect(world.cluster.writes).toEqual([]);
    allow();
    await world.reconcile();
    expect(world.conditions()).toBe('Ready=False Verifying, Reconciling=True Verifying');
  });

  test('a namespace that is being deleted is left alone', async () => {
    const message = 'forbidden: unable to create new content in namespace team because it is being terminated';
    world.cluster.refuse(() => true, { code: 403, reason: 'Forbidden', message });
    world.createModel();
    expect(await world.reconcile()).toEqual({});
    expect(world.cluster.writes).toEqual([]);
  });

  test('an object of the same name that belongs to somebody else is named', async () => {
    world.createModel();
    await world.reconcile();
    const { name } = world.runningJob().metadata;
    world.cluster.server.delete({ apiVersion: 'batch/v1', kind: 'Job', namespace: 'team', name });
    world.cluster.server.create({ apiVersion: 'batch/v1', kind: 'Job', metadata: { name, namespace: 'team' } });
    await world.reconcile();
    expect(world.conditions()).toBe('Ready=False NameTaken, Stalled=True NameTaken');
    expect(world.message()).toContain(name);
  });
});

describe('many Models', () => {
  test('are verified a few at a time, the oldest first', async () => {
    world = new ModelWorld({ concurrency: 1 });
    for (const name of ['c', 'b', 'a']) {
      world.createModel({}, name);
      await world.reconcile(name);
      world.now += 1000;
    }
    expect(['c', 'b', 'a'].map((name) => world.jobs(name).length)).toEqual([1, 0, 0]);
    expect(world.conditions('a')).toBe('Ready=False VerificationPending, Reconciling=True VerificationPending');
    expect(world.message('a')).toContain('2 are before this one');
    world.endPod({ fetch: FETCHED, verify: VERIFIED }, 'c');
    await world.reconcile('c');
    expect(world.woken).toEqual(['team/b']);
    await world.reconcile('a');
    expect(world.jobs('a')).toHaveLength(0);
    await world.reconcile('b');
    expect(world.jobs('b')).toHaveLength(1);
  });

  test('a new Model comes before those that are verified again', async () => {
    world = new ModelWorld({ concurrency: 1 });
    await world.settle({}, 'old');
    world.createModel({}, 'busy');
    await world.reconcile('busy');
    world.settings = { ...world.settings, runtimeImage: 'runtime:2' };
    await world.reconcile('old');
    world.now += 60_000;
    world.createModel({}, 'new');
    await world.reconcile('new');
    world.restart();
    world.endPod({ fetch: FETCHED, verify: VERIFIED }, 'busy');
    await world.reconcile('busy');
    await world.reconcile('old');
    await world.reconcile('new');
    expect([world.status('old').candidate?.phase, world.status('new').candidate?.phase]).toEqual([
      'Pending',
      'Verifying',
    ]);
  });

  test('a Model that is deleted gives its place back', async () => {
    world = new ModelWorld({ concurrency: 1 });
    world.createModel({}, 'a');
    world.createModel({}, 'b');
    await world.reconcile('a');
    await world.reconcile('b');
    world.cluster.server.delete({ apiVersion: 'aimass.dev/v1alpha1', kind: 'Model', namespace: 'team', name: 'a' });
    await world.reconcile('a');
    expect(world.woken).toEqual(['team/b']);
    expect(world.jobs('a')).toEqual([]);
  });
});

describe('the services of a Model', () => {
  test('are counted, and named by the alphabet', async () => {
    await world.settle();
    world.createService('web');
    world.createService('app');
    world.createService('other', 'wine');
    await world.reconcile();
    expect(world.status()).toMatchObject({ usedBy: ['app', 'web'], usedByCount: 2 });
  });

  test('that still mount an old golden copy keep it', async () => {
    world.createGolden();
    await world.settle(GOLDEN);
    const old = world.status().current?.goldenConfigMap ?? '';
    world.cluster.server.create({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', namespace: 'team', labels: { 'aimass.dev/model': 'iris' } },
      spec: { template: { spec: { volumes: [{ name: 'golden', configMap: { name: old } }] } } },
    } as never);
    world.editSpec((spec) => delete spec.verification);
    await world.reconcile();
    world.endPod({ fetch: FETCHED, verify: VERIFIED });
    expect(await world.reconcile()).toEqual({ requeueAfterMs: 300_000 });
    const copy = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'team', name: old };
    expect(world.cluster.server.get(copy)).toBeDefined();
    world.cluster.server.delete({ apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'team', name: 'web' });
    expect(await world.reconcile()).toEqual({});
    expect(world.cluster.server.get(copy)).toBeUndefined();
  });
});
