import type { Requests } from '../operator/audit-log.ts';
import type { CompressionFigures } from './compression.ts';
import type { JobFigures } from './jobs.ts';
import type { SearchFigures } from './search.ts';
import type { StageFigures } from './stages.ts';

/** Everything that one run measured; what was not asked for is absent. */
export interface TrainingFigures {
  machine: { cores: number; loadAverage: number };
  jobs?: JobFigures;
  search?: SearchFigures;
  stages?: StageFigures;
  compression?: CompressionFigures;
}

type Row = readonly [figure: string, goal: string, value: string];

const fixed = (value: number, digits = 1): string => value.toFixed(digits);
const ratio = (value: number, floor: number): string => `${fixed(value / floor, 2)}×`;

const table = (title: string, rows: readonly Row[]): string =>
  [
    `## ${title}`,
    '',
    '| figure | goal | here |',
    '| --- | --- | --- |',
    ...rows.map((row) => `| ${row.join(' | ')} |`),
    '',
  ].join('\n');

const jobRows = (figures: JobFigures): Row[] => [
  ['floor, all complete, s', '', fixed(figures.floor.allCompleteSeconds)],
  ['all complete, s', '', fixed(figures.allCompleteSeconds)],
  ['… ratio to the floor', '≤ 1.4×', ratio(figures.allCompleteSeconds, figures.floor.allCompleteSeconds)],
  ['API writes a job', '≤ 4.5', fixed(figures.requests.writes / figures.count, 2)],
  ['API reads a job', '', fixed(figures.requests.reads / figures.count, 2)],
  ['refused requests', '', String(figures.requests.refused)],
  ['operator CPU a job, ms', '≤ 16', fixed(figures.operatorCpuMsPerJob)],
  ['control plane CPU, ratio', '≤ 1.4×', ratio(figures.platformCpuMs, figures.floor.platformCpuMs)],
  ['operator peak memory, MiB', '≤ 200', fixed(figures.peakMemoryMiB, 0)],
  ['restart, s', '≤ 5', fixed(figures.restart.seconds)],
  ['restart: writes', '0', String(figures.restart.requests.writes)],
  ['restart: reads', '', String(figures.restart.requests.reads)],
  ['delete all, floor, s', '', fixed(figures.floor.deleteSeconds)],
  ['… ratio to the floor', '≤ 1.3×', ratio(figures.deleteSeconds, figures.floor.deleteSeconds)],
];

const searchRows = (figures: SearchFigures): Row[] => [
  ['all trials, s', '', fixed(figures.seconds)],
  ['trials a second', '', fixed(figures.trialsPerSecond, 2)],
  ['API writes a trial', '', fixed(figures.requests.writes / figures.trials, 2)],
  ['API reads a trial', '', fixed(figures.requests.reads / figures.trials, 2)],
  ['refused requests', '', String(figures.requests.refused)],
  ['operator CPU a trial, ms', '', fixed(figures.operatorCpuMsPerTrial)],
  ['operator peak memory, MiB', '≤ 200', fixed(figures.operatorPeakMemoryMiB, 0)],
  ['best objective found (optimum 0)', '', figures.best.toPrecision(2)],
];

const stageRows = (figures: StageFigures): Row[] => [
  ...figures.stages.map(({ name, platformSeconds, containerSeconds }): Row => [
    `${name}: seconds beside its containers' own ${fixed(containerSeconds, 0)}`,
    '',
    fixed(platformSeconds),
  ]),
  [
    `a trial of a search (${figures.trial.seen} of ${figures.trial.count} seen to end): seconds beside its container's own ${fixed(figures.trial.containerSeconds)}`,
    '',
    fixed(figures.trial.platformSeconds),
  ],
  ["a bare Job of one pod: seconds beside its container's own", '', fixed(figures.bareSeconds)],
  ...figures.firstAnswers.map(({ name, seconds }): Row => [
    `${name}: TrainingJob applied to first answer of the served model, s`,
    '',
    fixed(seconds),
  ]),
];

type Compressed = CompressionFigures[string][number];

function compressionRow(name: string, { original, candidates }: Compressed): string[] {
  return candidates.map((one) => {
    if (one.sizeBytes === undefined) return `| ${name} | ${one.kind} | | | | | | ${one.reason ?? ''} |`;
    const sizes = pair([original.sizeBytes, one.sizeBytes].map((bytes) => fixed(bytes / 1024, 0)));
    const packed = pair([original.packedBytes, one.packedBytes ?? 0].map((bytes) => fixed(bytes / 1024, 0)));
    const times = pair([one.originalP50LatencyMs ?? 0, one.p50LatencyMs ?? 0].map((ms) => fixed(ms, 3)));
    const values = pair([original.value, one.value ?? 0].map((value) => fixed(value, 4)));
    const verdict = one.accepted === true ? 'accepted' : (one.reason ?? 'not accepted');
    const cells = [name, one.kind, sizes, packed, times, `${original.metric} ${values}`];
    return `| ${[...cells, (one.largestDifference ?? 0).toPrecision(2), verdict].join(' | ')} |`;
  });
}

const pair = (values: readonly string[]): string => values.join(' → ');

const compressionPart = (figures: CompressionFigures): string[] => [
  '## Compression: before → after',
  '',
  '| model | way | KiB | KiB, zlib | p50 of one row, ms | metric | largest difference | |',
  '| --- | --- | --- | --- | --- | --- | --- | --- |',
  ...Object.entries(figures).flatMap(([name, reports]) => reports.flatMap((one) => compressionRow(name, one))),
  '',
];

/** What the operator asked the API server for, the most frequent first. */
function requestLine(unit: string, { byKind }: Requests, count: number): string {
  const kinds = [...byKind].toSorted(([, a], [, b]) => b - a);
  return `Requests ${unit}: ${kinds.map(([kind, times]) => `${kind} ${fixed(times / count, 2)}`).join(', ')}.\n`;
}

const jobPart = (figures: JobFigures): string[] => [
  table(`${figures.count} TrainingJobs of two workers, simulated nodes`, jobRows(figures)),
  requestLine('a job', figures.requests, figures.count),
  ...(figures.restart.requests.writes === 0
    ? []
    : [requestLine('after the restart, of all jobs', figures.restart.requests, 1)]),
];

const searchPart = (figures: SearchFigures): string[] => [
  table(`A search of ${figures.trials} trials, simulated`, searchRows(figures)),
  requestLine('a trial', figures.requests, figures.trials),
];

function machineLine({ cores, loadAverage }: TrainingFigures['machine']): string {
  const busy = loadAverage > cores / 2;
  const warning = busy ? ' Other programs were running: seconds and their ratios are not to be trusted.' : '';
  return `${cores} cores, load average before the run ${fixed(loadAverage)}.${warning}`;
}

const ROUGH =
  'Kubernetes tells the times of containers in whole seconds: each is off by up to one, and those of several add up.\n';

/** Every figure of a run as text: tables in Markdown. */
export function reportText({ machine, jobs, search, stages, compression }: TrainingFigures): string {
  return [
    machineLine(machine),
    '',
    ...(jobs === undefined ? [] : jobPart(jobs)),
    ...(search === undefined ? [] : searchPart(search)),
    ...(stages === undefined ? [] : [table('The tutorials, with real pods', stageRows(stages)), ROUGH]),
    ...(compression === undefined ? [] : compressionPart(compression)),
  ].join('\n');
}
