import type { Requests } from './audit-log.ts';
import type { FloorFigures } from './floor.ts';
import type { LibraryFigures, ServiceFigures, Size } from './services.ts';

/** One size: the floor and the operator, measured in the same run. */
export interface SizeFigures extends Size {
  floor: FloorFigures;
  services: ServiceFigures;
}

/** Everything that one run measured. */
export interface Figures {
  machine: { cores: number; loadAverage: number };
  childCount: number;
  single: { floorSeconds: number; seconds: number };
  sizes: SizeFigures[];
  library?: LibraryFigures & { count: number };
}

type Row = readonly [name: string, goal: string, cell: (size: SizeFigures) => string];

const fixed = (value: number, digits: number) => value.toFixed(digits);
const ratio = (value: number, floor: number) => `${fixed(value / floor, 2)}×`;

const rows = (childCount: number): Row[] => [
  ['floor, all available, s', '', ({ floor }) => fixed(floor.allReadySeconds, 1)],
  ['all Ready, s', '', ({ services }) => fixed(services.allReadySeconds, 1)],
  ['… ratio to the floor', '≤ 1.5×', ({ floor, services }) => ratio(services.allReadySeconds, floor.allReadySeconds)],
  ['floor, median object / total time', '', ({ floor }) => fixed(floor.medianSeconds / floor.allReadySeconds, 2)],
  [
    'median object / total time',
    '≤ 0.6',
    ({ services }) => fixed(services.medianSeconds / services.allReadySeconds, 2),
  ],
  ['API writes per object', `≤ ${childCount + 3}`, ({ count, services }) => fixed(services.requests.writes / count, 2)],
  ['API reads per object', '≤ 0.1', ({ count, services }) => fixed(services.requests.reads / count, 2)],
  ['refused requests', '', ({ services }) => String(services.requests.refused)],
  ['operator CPU per object, ms', '≤ 16', ({ count, services }) => fixed(services.operatorCpuMs / count, 1)],
  ['control plane CPU per object, floor, ms', '', ({ count, floor }) => fixed(floor.platformCpuMs / count, 1)],
  ['control plane CPU, ratio', '≤ 1.4×', ({ floor, services }) => ratio(services.platformCpuMs, floor.platformCpuMs)],
  ['operator peak memory, MiB', '≤ 200', ({ services }) => fixed(services.peakMemoryMiB, 0)],
  ['restart, s', '≤ 5', ({ services }) => fixed(services.restart.seconds, 1)],
  ['restart: writes', '0', ({ services }) => String(services.restart.writes)],
  ['restart: reads', '', ({ services }) => String(services.restart.reads)],
  ['delete all, floor, s', '', ({ floor }) => fixed(floor.deleteSeconds, 1)],
  ['delete all, s', '', ({ services }) => fixed(services.deleteSeconds, 1)],
  ['… ratio to the floor', '≤ 1.3×', ({ floor, services }) => ratio(services.deleteSeconds, floor.deleteSeconds)],
  ['converged: writes a minute', '0', ({ services }) => fixed(services.idle.writesPerMinute, 0)],
  ['converged: reads a minute', '0', ({ services }) => fixed(services.idle.readsPerMinute, 0)],
  ['converged: CPU, % of a core', '≤ 0.5', ({ services }) => fixed(services.idle.cpuPercent, 2)],
];

/** Every figure of a run as text: tables in Markdown. */
export function reportText({ machine, childCount, single, sizes, library }: Figures): string {
  const header = ['InferenceServices', 'goal', ...sizes.map(titleOf)];
  const cells = rows(childCount).map(([name, goal, cell]) => [name, goal, ...sizes.map(cell)]);
  return [
    machineLine(machine),
    `One object on an idle cluster, create to Ready: floor ${fixed(single.floorSeconds, 3)} s, ` +
      `operator ${fixed(single.seconds, 3)} s (${ratio(single.seconds, single.floorSeconds)}, goal ≤ 2.5×).`,
    `Children of one InferenceService: ${childCount}. Ten services share a Model where nothing else is said.`,
    ...(sizes.length > 0 ? ['', table(header, cells), ...sizes.flatMap(requestLines)] : []),
    ...(library === undefined ? [] : ['', libraryLine(library)]),
    '',
  ].join('\n');
}

const titleOf = ({ count, perModel }: Size): string => (perModel === 1 ? `${count}, a Model each` : String(count));

function machineLine({ cores, loadAverage }: Figures['machine']): string {
  const busy =
    loadAverage > cores / 2 ? ' Other programs were running: seconds and their ratios are not to be trusted.' : '';
  return `${cores} cores, load average before the run ${fixed(loadAverage, 1)}.${busy}`;
}

function requestLines({ services, ...size }: SizeFigures): string[] {
  const { count } = size;
  const kinds = requestKinds(services.requests).map(([kind, times]) => `${kind} ${fixed(times / count, 2)}`);
  return ['', `Requests per object at ${titleOf(size)}: ${kinds.join(', ')}.`];
}

const requestKinds = ({ byKind }: Requests) => [...byKind].sort(([, a], [, b]) => b - a);

function libraryLine(library: LibraryFigures & { count: number }): string {
  const { count, startSeconds, startWrites, startReads, peakMemoryMiB, singleSeconds, idle } = library;
  return (
    `${count} verified Models: start ${fixed(startSeconds, 1)} s with ${startWrites} writes and ${startReads} reads, ` +
    `serve one of them ${fixed(singleSeconds, 3)} s, peak memory ${fixed(peakMemoryMiB, 0)} MiB, converged: ` +
    `${fixed(idle.writesPerMinute, 0)} writes and ${fixed(idle.readsPerMinute, 0)} reads a minute, ` +
    `${fixed(idle.cpuPercent, 2)} % of a core.`
  );
}

function table(header: readonly string[], body: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...body.map(line)].join('\n');
}
