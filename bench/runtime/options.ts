import { parseArgs } from 'node:util';
import { CELLS, EXTRAS, selectCells, type Selection } from './cells.ts';

/** How to use the command. */
export const USAGE = `usage: npm run bench:runtime -- [--quick] [--seconds 2] [--rounds 3] [--cells NAMES] [--servers NAMES]
         [--runtime FILE] [--json FILE] [--out FILE.md]
Measures the runtime beside its peers on the same models, each server on one core, the load on another.
Needs two cores, Linux, Python 3.10 to 3.13; installs wrk, h2load (as root) and the peers when they are missing.
--quick     one round of one second for each: shows that all works, figures are rough
--seconds   length of one load, whole seconds
--rounds    repetitions of each load, in turns; the middle is reported
--cells     names with commas between; cells: ${CELLS.map(({ id }) => id).join(', ')};
            beside them: ${EXTRAS.join(', ')}; and, only when named, pool
--servers   names with commas between: aimass, aimass-inline, aimass-unbatched, mlserver, kserve, triton,
            triton-batched, fastapi, echo-http, echo-express, echo-grpc
--runtime   a program to measure, such as runtime/main.ts, instead of the bundle that is built from the source now
--json      every figure as JSON
--out       the report as Markdown, beside the terminal`;

/** What the command was asked to do. */
export interface Options {
  selection: Selection;
  servers: readonly string[] | undefined;
  seconds: number;
  rounds: number;
  runtime: string | undefined;
  json: string | undefined;
  out: string | undefined;
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} is "${text}", not a whole number of 1 or more`);
  return value;
}

/** Reads the words behind the command; undefined when they ask for help. */
export function readOptions(args: readonly string[]): Options | undefined {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: flag,
      help: flag,
      seconds: text,
      rounds: text,
      cells: text,
      servers: text,
      runtime: text,
      json: text,
      out: text,
    },
  });
  if (values.help) return undefined;
  return {
    selection: selectCells(values.cells),
    servers: values.servers?.split(',').filter((name) => name !== ''),
    seconds: wholeNumber('seconds', values.seconds ?? (values.quick ? '1' : '2')),
    rounds: wholeNumber('rounds', values.rounds ?? (values.quick ? '1' : '3')),
    runtime: values.runtime,
    json: values.json,
    out: values.out,
  };
}
