import { expect, test } from '@jest/globals';
import { parseH2load, parseLatencies } from './h2load.ts';
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
