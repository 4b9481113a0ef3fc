import { describe, expect, test } from '@jest/globals';
import { isGone } from './api-errors.ts';
import { readWatchEvents } from './watch-events.ts';

const read = async (...chunks: Uint8Array[]): Promise<string[]> => {
  const seen: string[] = [];
  for await (const { type, object } of readWatchEvents(stream(chunks))) seen.push(`${type} ${object.metadata.name}`);
  return seen;
};

// oxlint-disable-next-line require-await -- an async source is what is under test
async function* stream(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield chunk;
}

const line = (type: string, name: string): string =>
  `${JSON.stringify({ type, object: { apiVersion: 'v1', kind: 'X', metadata: { name } } })}\n`;

describe('readWatchEvents', () => {
  test('lines are put together, also when a character is split', async () => {
    const bytes = Buffer.from(line('ADDED', 'ä') + line('BOOKMARK', 'b') + line('DELETED', 'c'));
    const pieces = [...bytes].map((byte) => Uint8Array.of(byte));
    expect(await read(...pieces)).toEqual(['ADDED ä', 'BOOKMARK b', 'DELETED c']);
  });

  test.each([
    { name: 'half a line', text: line('ADDED', 'a').slice(0, 20), want: 'the watch ended inside a line' },
    { name: 'a line that is no JSON', text: '<html>\n', want: 'JSON' },
    { name: 'an unknown type', text: line('SURPRISE', 'a'), want: 'unknown watch event type SURPRISE' },
    { name: 'no object', text: '{"type":"ADDED"}\n', want: 'has no object' },
  ])('$name is an error', ({ text, want }) => expect(read(Buffer.from(text))).rejects.toThrow(want));

  test('an expired resource version is recognised', async () => {
    const error = { type: 'ERROR', object: { code: 410, reason: 'Expired', message: 'too old resource version' } };
    const failure = await read(Buffer.from(`${JSON.stringify(error)}\n`)).catch((caught: unknown) => caught);
    expect(isGone(failure)).toBe(true);
  });
});
