import type { Figures } from '../figures.ts';
import { short, table } from './markdown.ts';

/** Memory of each model in our server. */
export function modelMemory({ modelMiB }: Figures): string {
  const names = Object.keys(modelMiB);
  if (names.length === 0) return '';
  return table([
    ['process of the model', ...names],
    ['resident memory after load, MiB', ...names.map((name) => short(modelMiB[name]))],
  ]);
}

/** Start, memory, size and health of each server. */
export function beside({ servers }: Figures): string {
  const header = [
    'server',
    'ready ms',
    'memory with S, MiB',
    'four models, MiB',
    'after load, MiB',
    'idle, % of a core',
    'dependencies, MB',
    'live probe p50 ms while L runs',
    'p99 ms',
  ];
  const measured = Object.entries(servers).filter(([, figures]) => Object.keys(figures).length > 0);
  const rows = measured.map(([name, figures]) => [
    name,
    short(figures.readyMs),
    short(figures.idleMiB),
    short(figures.beforeMiB),
    short(figures.afterMiB),
    figures.idlePercent?.toFixed(1) ?? '',
    short(figures.dependenciesMB),
    short(figures.healthP50Ms),
    short(figures.healthP99Ms),
  ]);
  return rows.length === 0 ? '' : table([header, ...rows]);
}

const percent = (ours: number, other: number): string => `${((ours / other - 1) * 100).toFixed(0)} %`;

/** Ours with and without a choice, cell by cell. */
export function gains({ cells }: Figures): string {
  const rows = Object.entries(cells).flatMap(([cell, servers]) => {
    const { aimass, 'aimass-inline': inline, 'aimass-unbatched': unbatched } = servers;
    if (aimass === undefined || (inline ?? unbatched) === undefined) return [];
    return [
      [
        cell,
        unbatched === undefined ? '' : `${short(aimass.perSecond / unbatched.perSecond)}×`,
        inline === undefined ? '' : percent(aimass.perSecond, inline.perSecond),
        inline === undefined ? '' : percent(aimass.p50Ms, inline.p50Ms),
        inline === undefined ? '' : percent(aimass.cpuMs, inline.cpuMs),
      ],
    ];
  });
  const header = ['cell', 'batching: requests/s', 'isolation: requests/s', 'isolation: p50', 'isolation: CPU/request'];
  return rows.length === 0 ? '' : table([header, ...rows]);
}

/** Latency at shares of saturation. */
export function saturation({ saturation: measured }: Figures): string {
  const rows = measured.map(({ cell, share, perSecond, p50Ms, p99Ms }) => [
    cell,
    `${share * 100} %`,
    short(perSecond),
    short(p50Ms),
    short(p99Ms),
  ]);
  return rows.length === 0 ? '' : table([['cell', 'of saturation', 'requests/s', 'p50 ms', 'p99 ms'], ...rows]);
}

/** Mean time of each layer. */
export function layers({ layers: measured }: Figures): string {
  if (measured.length === 0) return '';
  const names = [...new Set(measured.flatMap((each) => Object.keys(each.layers)))];
  const rows = names.map((name) => [name, ...measured.map((each) => each.layers[name]?.toFixed(3) ?? '')]);
  return table([['layer', ...measured.map(({ cell }) => cell)], ...rows]);
}

/** The pool of many models. */
export function pool({ pool: measured }: Figures): string {
  if (measured === undefined) return '';
  const names: Record<keyof typeof measured, string> = {
    models: 'models in the folder',
    readyMs: 'ready, ms',
    missP50Ms: 'first request of a model, p50 ms',
    missP99Ms: 'first request of a model, p99 ms',
    hitP50Ms: 'second request, p50 ms',
    hitP99Ms: 'second request, p99 ms',
    memoryBeforeMiB: 'memory before, MiB',
    memoryAfterMiB: 'memory after, MiB',
  };
  const keys = Object.keys(names) as (keyof typeof measured)[];
  return table([['pool', ''], ...keys.map((key) => [names[key], short(measured[key])])]);
}
