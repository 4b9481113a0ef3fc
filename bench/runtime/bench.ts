import type { Selection } from './cells.ts';
import type { Figures } from './figures.ts';
import type { ServerKind } from './servers/server.ts';

/** What all measurements share. */
export interface Bench {
  /** Models and examples. */
  setFolder: string;
  /** Files of this run; removed at its end. */
  runFolder: string;
  /** Seconds of one load. */
  seconds: number;
  /** How often each load is repeated; reported is the middle. */
  rounds: number;
  selection: Selection;
  kinds: readonly ServerKind[];
  /** Filled as it goes, so that an interrupted run loses nothing. */
  figures: Figures;
  say: (text: string) => void;
}

/** The core of the servers, and the core of what loads them. */
export const CORES = { server: '0', load: '1', both: '0,1' } as const;

/** Does a piece of work; when it fails says so, notes it for the report, and gives undefined: the others go on. */
export async function attempt<T>(
  { figures, say }: Pick<Bench, 'figures' | 'say'>,
  { cell, server }: { cell: string; server: string },
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    (figures.refusals[cell] ??= {})[server] = text;
    say(`${cell} on ${server} is left out: ${text}`);
    return undefined;
  }
}
