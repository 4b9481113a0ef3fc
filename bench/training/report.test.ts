import { expect, test } from '@jest/globals';
import { noRequests, type Requests } from '../operator/audit-log.ts';
import { readFigures } from './compression.ts';
import { between, readLine, runSeconds, type Pod } from './pods.ts';
import { reportText } from './report.ts';
import { mediansOf, type StageFigures } from './stages.ts';

const requests = (kinds: Record<string, number>, writes: number): Requests => ({
  ...noRequests(),
  byKind: new Map(Object.entries(kinds)),
  writes,
});
const machine = { cores: 2, loadAverage: 0.1 };
const jobs = {
  count: 300,
  floor: { allCompleteSeconds: 10, deleteSeconds: 2, platformCpuMs: 1000 },
  allCompleteSeconds: 13,
  requests: requests({ 'patch jobs': 300, 'patch trainingjobs/status': 600 }, 1200),
  operatorCpuMsPerJob: 5,
  platformCpuMs: 1200,
  peakMemoryMiB: 100,
  restart: { seconds: 2, requests: requests({}, 0) },
  deleteSeconds: 2.4,
};

test('jobs are told beside the floor and the goals', () => {
  const text = reportText({ machine, jobs });
  expect(text).toContain('| … ratio to the floor | ≤ 1.4× | 1.30× |');
  expect(text).toContain('| API writes a job | ≤ 4.5 | 4.00 |');
  expect(text).toContain('| restart: writes | 0 | 0 |');
  expect(text).toContain('Requests a job: patch trainingjobs/status 2.00, patch jobs 1.00.');
  expect(text).not.toContain('Other programs were running');
});

test('writes after a restart are told one by one', () => {
  const restart = { seconds: 2, requests: requests({ 'patch trainingjobs/status': 3 }, 3) };
  expect(reportText({ machine, jobs: { ...jobs, restart } })).toContain(
    'Requests after the restart, of all jobs: patch',
  );
});

test('a busy machine is told', () => {
  expect(reportText({ machine: { cores: 2, loadAverage: 3 } })).toContain('not to be trusted');
});

const round = (seconds: number): StageFigures => ({
  stages: [{ name: 'train', platformSeconds: seconds, containerSeconds: 2 }],
  trial: { platformSeconds: seconds, containerSeconds: 1, count: 6, seen: 5 },
  bareSeconds: seconds,
  firstAnswers: [{ name: 'iris', seconds: seconds * 10 }],
});

test('stages are told by the middle of their rounds', () => {
  const stages = mediansOf([round(3), round(1), round(2)]);
  expect(stages).toEqual(round(2));
  const text = reportText({ machine, stages });
  expect(text).toContain('| iris: TrainingJob applied to first answer of the served model, s |  | 20.0 |');
  expect(text).toContain('a trial of a search (5 of 6 seen to end)');
  expect(text).toContain("| train: seconds beside its containers' own 2 |  | 2.0 |");
});

test('containers that ran one after the other add up; those that have not ended count nothing', () => {
  const ended = { startedAt: '2026-01-01T00:00:00Z', finishedAt: '2026-01-01T00:00:02Z' };
  const pod: Pod = {
    metadata: { name: 'p', labels: {} },
    spec: { containers: [{ image: 'i' }] },
    status: {
      initContainerStatuses: [{ name: 'fetch', state: { terminated: ended } }],
      containerStatuses: [
        { name: 'train', state: { terminated: ended } },
        { name: 'other', state: {} },
      ],
    },
  };
  expect(runSeconds(pod)).toBe(4);
  expect(runSeconds(undefined)).toBe(0);
});

test.each([
  { name: 'has ended', line: 'pod-1 2026-01-01T00:00:00Z 2026-01-01T00:00:05Z', seconds: 5 },
  { name: 'runs', line: 'pod-1  ', seconds: undefined },
  { name: 'is no line', line: '', seconds: undefined },
])('a pod of the watch that $name', ({ line, seconds }) => {
  const read = readLine(line);
  expect(read === undefined ? undefined : between(read[1])).toBe(seconds);
});

const original = { sizeBytes: 2048, packedBytes: 1024, metric: 'accuracy', value: 0.98 };
const candidate = {
  kind: 'fp16',
  sizeBytes: 1024,
  packedBytes: 512,
  p50LatencyMs: 0.2,
  originalP50LatencyMs: 0.1,
  metric: 'accuracy',
  value: 0.97,
  largestDifference: 0.0123,
  accepted: true,
};

test('compression is told before and after, and why nothing was made', () => {
  const refused = { kind: 'int8-static', reason: 'there are no rows' };
  const reports = [candidate, refused].map((one) => ({ original, rows: 9, candidates: [one] }));
  const text = reportText({ machine, compression: readFigures(JSON.stringify({ digits: reports })) });
  expect(text).toContain(
    '| digits | fp16 | 2 → 1 | 1 → 1 | 0.100 → 0.200 | accuracy 0.9800 → 0.9700 | 0.012 | accepted |',
  );
  expect(text).toContain('| digits | int8-static | | | | | | there are no rows |');
});
