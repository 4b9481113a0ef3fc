import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Api, ApiCall } from './api.ts';
import { ApiError } from './api-errors.ts';
import { Applier } from './applier.ts';
import type { KubeObject } from './cluster.ts';

interface Job extends KubeObject {
  spec: { image: string; note?: string };
}

const owner = { apiVersion: 'v1', kind: 'Parent', name: 'p', uid: 'parent-uid', controller: true };
const job = (image: string): Job => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name: 'j', namespace: 'n', ownerReferences: [owner] },
  spec: { image },
});

/** An API server with one object and a webhook that rewrites images. */
describe('Applier', () => {
  let live: Job | undefined;
  let cached: Job | undefined;
  let calls: ApiCall[];
  let answerWith: ApiError | undefined;
  let applier: Applier;

  beforeEach(() => {
    live = undefined;
    cached = undefined;
    calls = [];
    answerWith = undefined;
    const request = (call: ApiCall): Promise<unknown> => {
      calls.push(call);
      if (answerWith !== undefined) return Promise.reject(answerWith);
      const wanted = structuredClone(call.body) as Job;
      const image = wanted.spec.image.startsWith('mirror/') ? wanted.spec.image : `mirror/${wanted.spec.image}`;
      const metadata = { ...wanted.metadata, uid: 'u', resourceVersion: String(calls.length + 10) };
      live = { ...wanted, metadata, spec: { ...live?.spec, image } };
      return Promise.resolve(live);
    };
    applier = new Applier({
      api: { request } as unknown as Api,
      cached: () => cached,
      read: () => Promise.resolve(live),
      remember: (object) => (cached = object as Job),
      callFor: () => ({ path: '/j', resource: 'jobs' }),
    });
  });

  test('a webhook that rewrites our fields each time does not make us write each time', async () => {
    expect(await applier.apply(job('a'))).toMatchObject({ outcome: 'written' });
    expect(await applier.apply(job('a'))).toMatchObject({ outcome: 'unchanged' });
    expect(calls).toHaveLength(1);
  });

  test('a version that the content was decided from is a precondition, and no content', async () => {
    await applier.apply(job('a'));
    const decided = (image: string) => ({ ...job(image), metadata: { ...job(image).metadata, resourceVersion: '7' } });
    expect(await applier.apply(decided('a'))).toMatchObject({ outcome: 'unchanged' });
    await applier.apply(decided('b'));
    expect(calls.map(({ body }) => (body as Job).metadata.resourceVersion)).toEqual(['1', '7']);
  });

  test('but an edit after that is reverted, and a new wish is written', async () => {
    await applier.apply(job('a'));
    if (cached !== undefined) cached = { ...cached, spec: { image: 'edited' } };
    expect(await applier.apply(job('a'))).toMatchObject({ outcome: 'written' });
    expect(await applier.apply(job('b'))).toMatchObject({ outcome: 'written' });
    expect(calls).toHaveLength(3);
  });

  test('what is not known is created and never changed; what is known is changed only while it is the same object', async () => {
    await applier.apply(job('mirror/a'));
    await applier.apply(job('mirror/b'));
    expect(calls.map(({ body }) => (body as Job).metadata)).toMatchObject([{ resourceVersion: '1' }, { uid: 'u' }]);
  });

  test.each([
    { code: 403, detail: 'jobs "j" is forbidden: exceeded quota: q, requested: cpu=1', want: 'QuotaExceeded' },
    { code: 403, detail: 'jobs "j" is forbidden: User "x" cannot patch', want: 'Forbidden' },
    { code: 422, detail: 'Job "j" is invalid: spec.template: field is immutable', want: 'Invalid' },
    { code: 400, detail: 'cannot parse', want: 'Invalid' },
    {
      code: 500,
      detail: 'failed to create typed patch object: .spec.x: field not declared in schema',
      want: 'Invalid',
    },
  ])('$code "$detail" is refused as $want', async ({ code, detail, want }) => {
    answerWith = new ApiError({ code, message: `PATCH /j: ${detail}`, detail });
    expect(await applier.apply(job('a'))).toEqual({ outcome: 'refused', code, reason: want, message: detail });
  });

  test.each([
    { name: 'an overloaded server', code: 429, detail: 'too many', want: 429 },
    { name: 'a broken server', code: 500, detail: 'etcd timeout', want: 500 },
    {
      name: 'an object that was replaced',
      code: 422,
      detail: 'metadata.uid: Invalid value: field is immutable',
      want: 409,
    },
  ])('$name is thrown, to be tried again', async ({ code, detail, want }) => {
    answerWith = new ApiError({ code, message: detail, detail });
    await expect(applier.apply(job('a'))).rejects.toMatchObject({ code: want });
  });

  test.each([{ controllers: 0 }, { controllers: 2 }])(
    '$controllers controlling owners are a mistake of ours',
    async ({ controllers }) => {
      const wanted = job('a');
      wanted.metadata.ownerReferences = Array.from({ length: controllers }, () => owner);
      await expect(applier.apply(wanted)).rejects.toThrow('must have exactly one controlling owner');
    },
  );

  describe('without an owner', () => {
    const LABEL = 'aimass.dev/training-job';
    const unowned = (image: string, made = 'iris'): Job => {
      const { ownerReferences: _owners, ...metadata } = job(image).metadata;
      return { ...job(image), metadata: { ...metadata, labels: { [LABEL]: made } } };
    };

    test('makes what is not there, and changes what bears the same label', async () => {
      expect(await applier.applyUnowned(unowned('mirror/a'), LABEL)).toMatchObject({ outcome: 'written' });
      cached = live;
      expect(await applier.applyUnowned(unowned('mirror/a'), LABEL)).toMatchObject({ outcome: 'unchanged' });
      expect(await applier.applyUnowned(unowned('mirror/b'), LABEL)).toMatchObject({ outcome: 'written' });
    });

    test.each([{ labels: {} }, { labels: { [LABEL]: 'digits' } }])(
      'leaves alone what bears $labels',
      async ({ labels }) => {
        cached = { ...job('a'), metadata: { name: 'j', namespace: 'n', labels } };
        expect(await applier.applyUnowned(unowned('b'), LABEL)).toMatchObject({ outcome: 'nameTaken' });
        expect(calls).toEqual([]);
      },
    );

    test('needs the label', async () => {
      await expect(applier.applyUnowned(job('a'), LABEL)).rejects.toThrow(`must have the label ${LABEL}`);
    });
  });
});
