import type { Figures } from '../figures.ts';
import { judgeAll, type Verdict } from '../goals.ts';
import type { ServerKind } from '../servers/server.ts';
import { beside, gains, layers, modelMemory, pool, saturation } from './extras.ts';
import { cellTables, loops } from './loads.ts';
import { median } from '../statistics.ts';
import { section, short, table } from './markdown.ts';

const OURS = ['aimass', 'aimass-inline'];

function goals(figures: Figures): string {
  const judged = OURS.map((name) => judgeAll(figures, name));
  const [main = [], inline = []] = judged;
  const rows = main.map((verdict, index) => [
    verdict.what,
    verdict.goal,
    verdict.measured,
    verdict.outcome,
    verdict.byCpu,
    inline[index]?.measured ?? '',
    inline[index]?.outcome ?? '',
  ]);
  const count = (all: readonly Verdict[], outcome: string) => all.filter((each) => each.outcome === outcome).length;
  const total = `Goals met by aimass: ${count(main, 'met')}, missed: ${count(main, 'missed')}, not measured: ${count(main, 'not measured')}.`;
  return [total, table([['goal', 'bound', 'aimass', 'outcome', 'by CPU', 'aimass-inline', 'outcome'], ...rows])].join(
    '\n\n',
  );
}

function about(figures: Figures, kinds: readonly ServerKind[]): string {
  const rows = kinds.map(({ name, about: text }) => [name, figures.absent[name] ?? text]);
  return table([['server', 'what it is, or why it is absent'], ...rows.map((row) => row.map(oneLine))]);
}

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').slice(0, 300);

function refused({ refusals }: Figures): string {
  const rows = Object.entries(refusals).flatMap(([cell, servers]) =>
    Object.entries(servers).map(([server, text]) => [cell, server, oneLine(text)]),
  );
  return rows.length === 0 ? '' : table([['cell', 'server', 'why it was not measured'], ...rows]);
}

/** Every figure of a run as text in Markdown. */
export function reportText(figures: Figures, kinds: readonly ServerKind[]): string {
  const { machine, options } = figures;
  const others = Object.values(figures.cells).flatMap((servers) =>
    Object.values(servers).map((sample) => sample.othersPercent),
  );
  const quiet =
    others.length === 0
      ? ''
      : ` Others used ${short(median(others))} % of the servers' core in the middle load, ${short(Math.max(...others))} % in the worst.`;
  const head = [
    '# Figures of the runtime',
    `${machine.cores} cores of ${machine.cpu}, Node ${machine.node}; load average before the run ${machine.loadAverage.toFixed(2)}` +
      `${machine.loadAverage > 0.5 ? ' (**not quiet: figures are rough**)' : ''}. ` +
      `Servers on core 0, load on core 1; ${options.rounds} rounds of ${options.seconds} s for each cell and server, in turns; medians. ` +
      `Ratios hold within this run only.${quiet}`,
  ];
  return [
    head.join('\n\n'),
    section('Goals', goals(figures)),
    section('Servers', about(figures, kinds), refused(figures)),
    cellTables(figures),
    section('Limits: raw session loop, one thread, batch 1', loops(figures)),
    section('Beside the load', beside(figures), modelMemory(figures)),
    section('What batching gains and isolation costs', gains(figures)),
    section('Latency below saturation (aimass)', saturation(figures)),
    section('Time of each layer, mean ms (aimass, its own histograms)', layers(figures)),
    section('A pool of models', pool(figures)),
    '',
  ]
    .filter((part, index, all) => part !== '' || index === all.length - 1)
    .join('\n\n');
}
