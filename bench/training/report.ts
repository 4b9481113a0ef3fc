import type { JobFigures } from './jobs.ts';
import type { SearchFigures } from './search.ts';
import type { StageFigures } from './stages.ts';

/** Everything that one run measured; what was not asked for is absent. */
export interface TrainingFigures {
  machine: { cores: number; loadAverage: number };
  jobs?: JobFigures;
  search?: SearchFigures;
  stages?: StageFigures;
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
  ['API writes a job', '≤ 4.5', fixed(figures.writesPerJob, 2)],
  ['API reads a job', '', fixed(figures.readsPerJob, 2)],
  ['operator CPU a job, ms', '≤ 16', fixed(figures.operatorCpuMsPerJob)],
  ['control plane CPU, ratio', '≤ 1.4×', ratio(figures.platformCpuMs, figures.floor.platformCpuMs)],
  ['operator peak memory, MiB', '≤ 200', fixed(figures.peakMemoryMiB, 0)],
  ['restart, s', '≤ 5', fixed(figures.restart.seconds)],
  ['restart: writes', '0', String(figures.restart.writes)],
  ['delete all, floor, s', '', fixed(figures.floor.deleteSeconds)],
  ['… ratio to the floor', '≤ 1.3×', ratio(figures.deleteSeconds, figures.floor.deleteSeconds)],
];

const searchRows = (figures: SearchFigures): Row[] => [
  ['all trials, s', '', fixed(figures.seconds)],
  ['trials a second', '', fixed(figures.trialsPerSecond, 2)],
  ['API writes a trial', '', fixed(figures.writesPerTrial, 2)],
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
  ["a bare Job of one pod: seconds beside its container's own", '', fixed(figures.bareSeconds)],
  ['TrainingJob applied to first answer of the served model, s', '', fixed(figures.firstAnswerSeconds)],
];

/** Every figure of a run as text: tables in Markdown. */
export function reportText({ machine, jobs, search, stages }: TrainingFigures): string {
  return [
    `${machine.cores} cores, load average before the run ${fixed(machine.loadAverage)}.`,
    '',
    ...(jobs === undefined ? [] : [table(`${jobs.count} TrainingJobs of two workers, simulated nodes`, jobRows(jobs))]),
    ...(search === undefined ? [] : [table(`A search of ${search.trials} trials, simulated`, searchRows(search))]),
    ...(stages === undefined ? [] : [table('The first tutorial, with real pods', stageRows(stages))]),
  ].join('\n');
}
