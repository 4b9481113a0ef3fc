import { expect, test } from '@jest/globals';
import { parseH2load, parseLatencies } from './h2load.ts';
import { parseSteady, staggerMs } from './steady.ts';
import { parseWrk } from './wrk.ts';

const SUMMARY = `finished in 500ms, 200.00 req/s, 2.34MB/s
requests: 100 total, 108 started, 100 done, 99 succeeded, 1 failed, 0 errored, 0 timeout
status codes: 99 2xx, 0 3xx, 0 4xx, 1 5xx
traffic: 1.17MB (1224600) total, 172.53KB (176670) headers (space savings 0.00%), 7.73KB (7920) data`;

test.each([
  { name: 'a status that is not 2xx is a failure', answerBytes: undefined, want: { requests: 99, failed: 1 } },
  { name: 'whole answers count', answerBytes: 80, want: { requests: 99, failed: 1 } },
  { name: 'answers without a message are failures', answerBytes: 160, want: { requests: 50, failed: 50 } },
])('parseH2load: $name', ({ answerBytes, want }) => expect(parseH2load(SUMMARY, answerBytes)).toEqual(want));

test('h2load without a summary is told with its words', () => {
  expect(() => parseH2load('unknown option')).toThrow('h2load printed no figures:\nunknown option');
});

test('parseLatencies reads the third column, in milliseconds', () => {
  expect(parseLatencies('1700000000\t200\t1500\n1700000001\t200\t250\n')).toEqual([1.5, 0.25]);
});

test('parseWrk reads the line of JSON below the rest', () => {
  const line = '{"requests":3,"seconds":1.0,"p50Ms":0.1,"p99Ms":0.2,"failed":0}';
  expect(parseWrk(`Running 1s test\n  Latency {x}\n\n${line}\n`)).toMatchObject({ requests: 3, p99Ms: 0.2 });
});

test('parseSteady leaves out the time when connections come and go', () => {
  const at = (ms: number, took: number): string => `${1e9 + ms * 1000}\t200\t${took}`;
  const log = [at(0, 9000), at(100, 1000), at(150, 2000), at(200, 3000), at(300, 9000)].join('\n');
  expect(parseSteady(log, 100)).toEqual({ perSecond: 30, p50Ms: 2, p99Ms: 3 });
});

test.each([
  { name: 'a pace of 10 ms takes another step than 5 or 10', paceMs: 10, connections: 10, phases: 10 },
  { name: 'a pace of 12 ms', paceMs: 12, connections: 12, phases: 12 },
])('staggerMs: $name', ({ paceMs, connections, phases }) => {
  const step = staggerMs(paceMs, connections);
  expect(new Set(Array.from({ length: connections }, (_, index) => (index * step) % paceMs)).size).toBe(phases);
});
