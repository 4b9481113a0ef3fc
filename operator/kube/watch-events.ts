import { ApiError } from './api-errors.ts';
import type { KubeObject } from './cluster.ts';

/** One line of a watch. A bookmark's object carries nothing but the resource version. */
export interface WatchEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  object: KubeObject;
}

/** Reads a watch stream; throws on a line that is no event, on an ERROR event, and when the stream ends inside a line. */
export async function* readWatchEvents(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<WatchEvent> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line !== '') yield parseEvent(line);
    }
  }
  if (rest !== '') throw new Error('the watch ended inside a line');
}

interface RawEvent {
  type?: string;
  object?: KubeObject & { code?: number; reason?: string; message?: string };
}

function parseEvent(line: string): WatchEvent {
  const { type, object } = JSON.parse(line) as RawEvent;
  if (object === undefined) throw new Error(`a watch event of type ${type} has no object`);
  if (type === 'ERROR') {
    const { code = 500, reason = '', message = 'unknown error' } = object;
    throw new ApiError({ code, reason, message: `the watch said: ${code} ${message}` });
  }
  if (type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED' || type === 'BOOKMARK') return { type, object };
  throw new Error(`unknown watch event type ${type}`);
}
