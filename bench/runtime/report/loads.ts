import type { Figures, Sample } from '../figures.ts';
import { section, short, table } from './markdown.ts';

const isPeer = (name: string): boolean => !name.startsWith('aimass') && !name.startsWith('echo');

const HEADER = ['cell', 'server', 'requests/s', 'p50 ms', 'p99 ms', 'CPU ms/request', 'failed', 'aimass is'];

/** One row a server: its figures, and how many times as many requests per second ours answers. */
function rowsOf(cell: string, servers: Readonly<Record<string, Sample>>): string[][] {
  const ours = servers['aimass']?.perSecond;
  return Object.entries(servers).map(([name, sample], index) => [
    index === 0 ? cell : '',
    name,
    short(sample.perSecond),
    short(sample.p50Ms),
    short(sample.p99Ms),
    sample.cpuMs.toFixed(3),
    sample.failed === 0 ? '' : String(sample.failed),
    ours === undefined || name === 'aimass' ? '' : `${short(ours / sample.perSecond)}×`,
  ]);
}

/** Our slowest lead: each cell with the fastest peer in it. */
function fastestPeers(cells: Figures['cells']): string {
  const rows = Object.entries(cells).flatMap(([cell, servers]) => {
    const [fastest] = Object.entries(servers)
      .filter(([name]) => isPeer(name))
      .toSorted(([, a], [, b]) => b.perSecond - a.perSecond);
    const ours = servers['aimass'];
    if (fastest === undefined || ours === undefined) return [];
    const [name, peer] = fastest;
    const lead = ours.perSecond / peer.perSecond;
    const ratios = [lead, ours.p50Ms / peer.p50Ms, ours.cpuMs / peer.cpuMs].map((value) => `${short(value)}×`);
    return [[cell, name, ...ratios, lead > 1 ? 'ahead' : 'behind']];
  });
  return rows.length === 0
    ? ''
    : table([['cell', 'fastest peer', 'requests/s', 'p50', 'CPU/request', 'aimass is'], ...rows]);
}

/** The tables of all loads. */
export function cellTables({ cells, twoCores }: Figures): string {
  const all = (figures: Figures['cells']) => Object.entries(figures).flatMap(([cell, each]) => rowsOf(cell, each));
  const one = all(cells);
  const two = all(twoCores);
  return [
    section('Beside the fastest peer', fastestPeers(cells)),
    section('Loads, one core', one.length === 0 ? '' : table([HEADER, ...one])),
    section('Loads, server and load generator on the same two cores', two.length === 0 ? '' : table([HEADER, ...two])),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

/** What the engine alone does. */
export function loops({ loops: measured }: Figures): string {
  const rows = Object.entries(measured).map(([model, { perSecond, p50Ms, cpuMs, twoCoresPerSecond }]) => [
    model,
    short(perSecond),
    short(p50Ms),
    cpuMs.toFixed(3),
    twoCoresPerSecond === 0 ? '' : short(twoCoresPerSecond),
  ]);
  return rows.length === 0
    ? ''
    : table([['model', 'runs/s', 'p50 ms', 'CPU ms/run', 'two loops on two cores, runs/s'], ...rows]);
}
