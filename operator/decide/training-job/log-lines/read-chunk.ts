import { cleanText, lastStates, splitStamp } from './clean.ts';
import { parseLine } from './parse-line.ts';
import type { LineOptions, Reading } from './reading.ts';

/** A reading, and when its line was printed. */
export interface TimedReading extends Reading {
  atMs: number;
}

/** How a piece of a log is to be read. */
export interface ChunkOptions extends LineOptions {
  /** Lines up to this time stamp were read before. */
  after?: string;
  /** The time of lines that carry none. */
  nowMs: number;
}

/** What a piece of a log says. */
export interface Chunk {
  readings: TimedReading[];
  /** The last line that shows anything, as a person would see it. */
  lastLine?: string;
  /** The time stamp of the last line. */
  lastStamp?: string;
  /** Whether a line was among them that had been read before: then none was left out between. */
  isConnected: boolean;
  /** How many new lines there were. */
  lines: number;
}

const MOST_LINES = 2000;
const MOST_STATES = 8;
const LONGEST_LAST_LINE = 256;

/** Reads a piece of a log: at most its last 2,000 lines, and of each line that was written over, its last states. */
export function readChunk(text: string, options: ChunkOptions): Chunk {
  const chunk: Chunk = { readings: [], isConnected: options.after === undefined, lines: 0 };
  let atMs = options.nowMs;
  for (const line of lastLines(text)) {
    const { stamp, text: printed } = splitStamp(line);
    if (stamp !== undefined && options.after !== undefined && stamp <= options.after) {
      chunk.isConnected = true;
      continue;
    }
    if (stamp !== undefined) {
      chunk.lastStamp = stamp;
      atMs = Date.parse(stamp);
    }
    chunk.lines += 1;
    readStates(printed, { chunk, atMs, options });
  }
  return chunk;
}

function readStates(
  line: string,
  { chunk, atMs, options }: { chunk: Chunk; atMs: number; options: ChunkOptions },
): void {
  for (const state of lastStates(line, MOST_STATES)) {
    const shown = cleanText(state.length > 2 * 8192 ? state.slice(0, 2 * 8192) : state);
    if (shown === '') continue;
    chunk.lastLine = shown.slice(0, LONGEST_LAST_LINE);
    const reading = parseLine(shown, options);
    if (reading !== undefined) chunk.readings.push({ ...reading, atMs });
  }
}

/** The last lines of a text, found from its end: a program may print a million. */
function lastLines(text: string): string[] {
  let start = text.length;
  let end = text.endsWith('\n') ? text.length - 1 : text.length;
  const stop = end;
  for (let lines = 0; lines < MOST_LINES && end > 0; lines += 1) {
    end = text.lastIndexOf('\n', end - 1);
    start = end + 1;
  }
  return start >= stop ? [] : text.slice(start, stop).split('\n');
}
