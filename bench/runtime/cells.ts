/** The models: iris regression, a 2 MB MLP, ResNet-18, a transformer encoder of 4 layers. */
export const MODELS = ['S', 'M', 'L', 'B'] as const;

/** One of the models. */
export type ModelName = (typeof MODELS)[number];

/** How tensors travel: REST with JSON, REST with binary tensors, gRPC with raw contents. */
export type Transport = 'json' | 'binary' | 'grpc';

/** One kind of load: a model, a transport, a number of connections. */
export interface Cell {
  id: string;
  model: ModelName;
  transport: Transport;
  connections: number;
}

const cell = (model: ModelName, transport: Transport, connections: number): Cell => ({
  id: `${model}-${transport}-c${connections}`,
  model,
  transport,
  connections,
});

/** Cells whose requests take far less than a millisecond: the server is what is measured. */
export const SMALL_CELLS: readonly Cell[] = [
  cell('S', 'json', 1),
  cell('S', 'json', 8),
  cell('S', 'json', 64),
  cell('S', 'binary', 64),
  cell('S', 'grpc', 64),
  cell('M', 'json', 64),
  cell('M', 'grpc', 64),
];

/** Cells that are held against the raw session loop, one request at a time. */
export const LARGE_CELLS: readonly Cell[] = (['L', 'B'] as const).flatMap((model) =>
  (['binary', 'grpc', 'json'] as const).map((transport) => cell(model, transport, 1)),
);

/** All cells that are measured on every server. */
export const CELLS: readonly Cell[] = [...SMALL_CELLS, ...LARGE_CELLS];

/** Cells with the server on two cores, held against two session loops on two cores. */
export const TWO_CORE_CELLS: readonly Cell[] = [cell('L', 'binary', 4), cell('B', 'binary', 4)];

/** What is measured beside the cells, and can be named in --cells too. */
export const EXTRAS = ['ready', 'memory', 'two-cores', 'health', 'saturation', 'layers', 'dependencies'] as const;

/** One measurement beside the cells. */
export type Extra = (typeof EXTRAS)[number] | 'pool';

/** What a run has been asked to measure. */
export interface Selection {
  cells: readonly Cell[];
  extras: ReadonlySet<Extra>;
}

/** Reads --cells: names of cells and of other measurements; without it everything but the pool of 1,000 models. */
export function selectCells(text: string | undefined): Selection {
  if (text === undefined) return { cells: CELLS, extras: new Set(EXTRAS) };
  const extras: readonly Extra[] = [...EXTRAS, 'pool'];
  const names = text.split(',').filter((name) => name !== '');
  const known = new Set<string>([...CELLS.map(({ id }) => id), ...extras]);
  const stray = names.find((name) => !known.has(name));
  if (stray !== undefined) throw new Error(`--cells: "${stray}" is none of ${[...known].join(', ')}`);
  return {
    cells: CELLS.filter(({ id }) => names.includes(id)),
    extras: new Set(extras.filter((name) => names.includes(name))),
  };
}
