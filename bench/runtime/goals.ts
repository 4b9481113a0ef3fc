import type { ModelName } from './cells.ts';
import type { Figures, Sample, ServerFigures } from './figures.ts';

/** A goal: a figure of ours, by itself or as a ratio to another of the same run, that has to reach a bound. */
interface Goal {
  what: string;
  bound: { is: '≥' | '≤'; value: number; unit: string };
  /** Undefined when it was not measured in this run. */
  measure: (figures: Figures, ours: string) => number | undefined;
  /** The same ratio from CPU per request instead of requests per second: steadier on a machine that is not quiet. */
  byCpu?: (figures: Figures, ours: string) => number | undefined;
}

/** How a goal came out for one of our servers. */
export interface Verdict {
  what: string;
  goal: string;
  measured: string;
  byCpu: string;
  outcome: 'met' | 'missed' | 'not measured';
}

const ratio = (ours: number | undefined, theirs: number | undefined): number | undefined =>
  ours === undefined || theirs === undefined || theirs === 0 ? undefined : ours / theirs;

const atLeast = (value: number): Goal['bound'] => ({ is: '≥', value, unit: '×' });
const atMost = (value: number): Goal['bound'] => ({ is: '≤', value, unit: '×' });

const FIGURE_NAMES: Record<keyof Sample, string> = {
  perSecond: 'requests/s',
  p50Ms: 'p50',
  p99Ms: 'p99',
  cpuMs: 'CPU per request',
  failed: 'failed requests',
  othersPercent: 'time of others',
};

/** One figure of a cell, as a ratio to the same figure of another server. */
const against = (cell: string, peer: string, rest: { figure?: keyof Sample; bound: Goal['bound'] }): Goal => {
  const { figure = 'perSecond', bound } = rest;
  return {
    what: `${cell}: ${FIGURE_NAMES[figure]} / ${peer}`,
    bound,
    measure: ({ cells }, ours) => ratio(cells[cell]?.[ours]?.[figure], cells[cell]?.[peer]?.[figure]),
    ...(figure === 'perSecond' && {
      byCpu: ({ cells }: Figures, ours: string) => ratio(cells[cell]?.[peer]?.cpuMs, cells[cell]?.[ours]?.cpuMs),
    }),
  };
};

/** Requests per second of a cell, as a share of the raw session loop at batch 1. */
const ofLoop = (cell: string, model: ModelName, value: number): Goal => ({
  what: `${cell}: requests/s / raw session loop`,
  bound: atLeast(value),
  measure: ({ cells, loops }, ours) => ratio(cells[cell]?.[ours]?.perSecond, loops[model]?.perSecond),
  byCpu: ({ cells, loops }, ours) => ratio(loops[model]?.cpuMs, cells[cell]?.[ours]?.cpuMs),
});

const ofTwoLoops = (cell: string, model: ModelName): Goal => ({
  what: `two cores, ${cell}: requests/s / two raw loops`,
  bound: atLeast(0.85),
  measure: ({ twoCores, loops }, ours) => ratio(twoCores[cell]?.[ours]?.perSecond, loops[model]?.twoCoresPerSecond),
});

const ofServer = (what: string, figure: keyof ServerFigures, limit: { value: number; unit: string }): Goal => ({
  what,
  bound: { is: '≤', ...limit },
  measure: ({ servers }, ours) => servers[ours]?.[figure],
});

const GOALS: readonly Goal[] = [
  against('S-json-c64', 'mlserver', { bound: atLeast(10) }),
  against('S-json-c64', 'kserve', { bound: atLeast(14) }),
  against('S-json-c64', 'triton', { bound: atLeast(5) }),
  against('S-json-c64', 'fastapi', { bound: atLeast(6) }),
  against('S-json-c64', 'mlserver', { figure: 'p99Ms', bound: atMost(0.5) }),
  against('S-json-c64', 'echo-http', { figure: 'cpuMs', bound: atMost(2) }),
  against('S-grpc-c64', 'mlserver', { bound: atLeast(10) }),
  against('S-grpc-c64', 'kserve', { bound: atLeast(9) }),
  against('S-grpc-c64', 'triton', { bound: atLeast(5) }),
  {
    what: 'S-binary-c64: requests/s / S-json-c64',
    bound: atLeast(1),
    measure: ({ cells }, ours) =>
      ratio(cells['S-binary-c64']?.[ours]?.perSecond, cells['S-json-c64']?.[ours]?.perSecond),
  },
  against('S-json-c1', 'mlserver', { figure: 'p50Ms', bound: atMost(0.4) }),
  against('M-json-c64', 'mlserver', { bound: atLeast(7) }),
  against('M-grpc-c64', 'mlserver', { bound: atLeast(7) }),
  against('M-json-c64', 'triton', { bound: atLeast(2) }),
  against('M-grpc-c64', 'triton', { bound: atLeast(1.4) }),
  ofLoop('M-json-c64', 'M', 0.8),
  ofLoop('M-grpc-c64', 'M', 0.8),
  ofLoop('L-binary-c1', 'L', 0.92),
  ofLoop('L-grpc-c1', 'L', 0.92),
  ofLoop('L-json-c1', 'L', 0.85),
  ofLoop('B-binary-c1', 'B', 0.92),
  ofLoop('B-grpc-c1', 'B', 0.92),
  ofTwoLoops('L-binary-c4', 'L'),
  ofTwoLoops('B-binary-c4', 'B'),
  ofServer('health/live p99 while L runs', 'healthP99Ms', { value: 20, unit: ' ms' }),
  ofServer('ready after start with S', 'readyMs', { value: 500, unit: ' ms' }),
  {
    what: 'memory with four models after load / mlserver',
    bound: atMost(1),
    measure: ({ servers }, ours) => ratio(servers[ours]?.afterMiB, servers['mlserver']?.afterMiB),
  },
  ofServer('CPU while idle, of a core', 'idlePercent', { value: 1, unit: ' %' }),
  ofServer('dependencies without Node', 'dependenciesMB', { value: 120, unit: ' MB' }),
];

const shown = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));

const isNumber = (value: number | undefined): value is number => value !== undefined && !Number.isNaN(value);

/** Holds one goal against the figures of a run. */
function judge({ what, bound, measure, byCpu }: Goal, figures: Figures, ours: string): Verdict {
  const goal = `${bound.is} ${bound.value}${bound.unit}`;
  const [value, cpu] = [measure(figures, ours), byCpu?.(figures, ours)];
  if (!isNumber(value)) return { what, goal, measured: '', byCpu: '', outcome: 'not measured' };
  const isMet = bound.is === '≥' ? value >= bound.value : value <= bound.value;
  return {
    what,
    goal,
    measured: `${shown(value)}${bound.unit}`,
    byCpu: isNumber(cpu) ? `${shown(cpu)}×` : '',
    outcome: isMet ? 'met' : 'missed',
  };
}

/** Holds every goal against one of our servers. */
export const judgeAll = (figures: Figures, ours: string): Verdict[] => GOALS.map((goal) => judge(goal, figures, ours));
