import { beforeEach, describe, expect, test } from '@jest/globals';
import type { KubeObject } from './cluster.ts';
import { WatchCache } from './watch-cache.ts';

const kind = { apiVersion: 'v1', kind: 'Thing' };
const thing = (name: string, uid: string, resourceVersion: string): KubeObject => ({
  ...kind,
  metadata: { name, namespace: 'n', uid, resourceVersion, labels: { name } },
});

describe('WatchCache', () => {
  let cache: WatchCache;
  let told: string[];
  const errors: unknown[] = [];

  beforeEach(() => {
    cache = new WatchCache((error) => errors.push(error));
    told = [];
    cache.onChange(
      ({ type, object }) => void told.push(`${type} ${object.metadata.uid}@${object.metadata.resourceVersion}`),
    );
  });

  const version = (name = 'a'): string | undefined =>
    cache.get({ ...kind, namespace: 'n', name })?.metadata.resourceVersion;

  test('news that are older than what is known are dropped, also across the number of digits', () => {
    cache.upsert(thing('a', 'u', '100'));
    cache.upsert(thing('a', 'u', '99'));
    cache.upsert(thing('a', 'u', '100'));
    cache.upsert(thing('a', 'u', '1000'));
    expect(told).toEqual(['added u@100', 'updated u@1000']);
  });

  test('another uid under the same name is a deletion and an addition', () => {
    cache.upsert(thing('a', 'old', '5'));
    cache.upsert(thing('a', 'new', '9'));
    expect(told).toEqual(['added old@5', 'deleted old@5', 'added new@9']);
  });

  test('a late deletion of a predecessor leaves the successor alone', () => {
    cache.upsert(thing('a', 'old', '5'));
    cache.upsert(thing('a', 'new', '9'));
    cache.remove(thing('a', 'old', '7'));
    expect(version()).toBe('9');
  });

  test('an answer to a write that comes after the deletion brings nothing back', () => {
    cache.upsert(thing('a', 'u', '5'));
    cache.remove(thing('a', 'u', '6'));
    cache.upsert(thing('a', 'u', '5'));
    expect(version()).toBeUndefined();
  });

  test('a list takes out what it does not name, but not what is newer than the list', () => {
    cache.upsert(thing('a', 'ua', '5'));
    cache.upsert(thing('b', 'ub', '6'));
    cache.upsert(thing('c', 'uc', '20'));
    cache.removeUnlisted(kind, { uids: new Set(['ub']), resourceVersion: '10', isRestored: false });
    expect(cache.list(kind).map(({ metadata }) => metadata.name)).toEqual(['b', 'c']);
  });

  test('after a restore of etcd the older state is the true one', () => {
    cache.upsert(thing('a', 'ua', '50'));
    cache.upsert(thing('b', 'ub', '60'));
    cache.upsert(thing('a', 'ua', '5'), true);
    cache.removeUnlisted(kind, { uids: new Set(['ua']), resourceVersion: '10', isRestored: true });
    expect([version('a'), version('b')]).toEqual(['5', undefined]);
  });

  test('a handler that throws is reported, and the others are told', () => {
    const failing = new WatchCache((error) => errors.push(error));
    failing.onChange(() => {
      throw new Error('mistake');
    });
    failing.onChange(() => void told.push('second'));
    failing.upsert(thing('a', 'u', '1'));
    expect(errors).toEqual([new Error('mistake')]);
    expect(told).toEqual(['second']);
  });
});
