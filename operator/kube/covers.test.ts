import { describe, expect, test } from '@jest/globals';
import { covers } from './covers.ts';
import { restrictTo } from './restrict.ts';

const containers = (...list: object[]): object => ({ spec: { template: { spec: { containers: list } } } });

describe('covers', () => {
  test.each<{ name: string; live: unknown; desired: unknown; want: boolean }>([
    { name: 'a default of the API server does not count', live: { a: 1, b: 2 }, desired: { a: 1 }, want: true },
    { name: 'another value counts', live: { a: 2 }, desired: { a: 1 }, want: false },
    { name: 'a missing value counts', live: {}, desired: { a: false }, want: false },
    { name: 'an empty map may be left out', live: {}, desired: { a: {}, b: [], c: { d: {} } }, want: true },
    { name: 'an empty list is not a longer one', live: { ingress: [{}] }, desired: { ingress: [] }, want: false },
    { name: 'nothing desired is always there', live: { a: 1 }, desired: { a: undefined, b: null }, want: true },
    {
      name: 'quantities are amounts in resources',
      live: containers({ name: 'c', resources: { limits: { cpu: '1', memory: '1Gi' } } }),
      desired: containers({ name: 'c', resources: { limits: { cpu: '1000m', memory: '1024Mi' } } }),
      want: true,
    },
    {
      name: 'other amounts differ',
      live: containers({ name: 'c', resources: { limits: { cpu: '1' } } }),
      desired: containers({ name: 'c', resources: { limits: { cpu: '1001m' } } }),
      want: false,
    },
    {
      name: 'quantities are plain text in environment variables',
      live: containers({ name: 'c', env: [{ name: 'A', value: '1' }] }),
      desired: containers({ name: 'c', env: [{ name: 'A', value: '1000m' }] }),
      want: false,
    },
    {
      name: 'a container of somebody else does not count, whatever its place',
      live: containers({ name: 'mesh' }, { name: 'c', image: 'i' }),
      desired: containers({ name: 'c', image: 'i' }),
      want: true,
    },
    {
      name: 'a container of ours that is gone counts',
      live: containers({ name: 'mesh' }),
      desired: containers({ name: 'c' }),
      want: false,
    },
    {
      name: 'a Service port is found by number, TCP being the default',
      live: { spec: { ports: [{ port: 80, protocol: 'TCP', nodePort: 3 }] } },
      desired: { spec: { ports: [{ port: 80 }] } },
      want: true,
    },
    {
      name: 'a port that was added to a NetworkPolicy rule counts: the list is ours as a whole',
      live: { spec: { ingress: [{ ports: [{ port: 80 }, { port: 22 }] }] } },
      desired: { spec: { ingress: [{ ports: [{ port: 80 }] }] } },
      want: false,
    },
    {
      name: 'the order of an argument list counts',
      live: { args: ['a', 'b'] },
      desired: { args: ['b', 'a'] },
      want: false,
    },
    { name: 'a list is not a map', live: { a: [] }, desired: { a: { b: 1 } }, want: false },
  ])('$name', ({ live, desired, want }) => expect(covers(live, desired)).toBe(want));
});

test('restrictTo keeps what the desired object speaks about, with the live values', () => {
  const live = containers({ name: 'mesh' }, { name: 'c', image: 'rewritten/i', tty: false, args: ['a'] });
  const desired = containers({ name: 'c', image: 'i', args: ['a'], missing: 1 });
  expect(restrictTo(live, desired)).toEqual(containers({ name: 'c', image: 'rewritten/i', args: ['a'] }));
});
