import { ApiError } from '../errors.ts';

/** Shorter texts cannot hold enough to matter. */
const MIN_BYTES = 1024 * 1024;
/** No request needs more: 1,024 tensors and as many outputs, each with its parameters. */
const MAX_OBJECTS = 20_000;
const MAX_LISTS = 2_000_000;
const [QUOTE, BACKSLASH, OPEN_LIST, OPEN_OBJECT] = [0x22, 0x5c, 0x5b, 0x7b];

/**
 * Refuses JSON that is small as text and huge in memory: sixty megabytes of `{},` become gigabytes, and a heap that is full
 * ends the whole server. Numbers and texts are in proportion to their bytes; objects and lists are counted.
 */
export function refuseHeavyJson(body: Uint8Array): void {
  if (body.byteLength < MIN_BYTES) return;
  const { objects, lists } = countContainers(body);
  const [count, most, what] = objects > MAX_OBJECTS ? [objects, MAX_OBJECTS, 'objects'] : [lists, MAX_LISTS, 'lists'];
  if (count <= most) return;
  throw new ApiError(
    'BodyTooLarge',
    `The body holds ${count} ${what}; at most ${most} are taken. Send flat lists or binary tensors.`,
  );
}

function countContainers(body: Uint8Array): { objects: number; lists: number } {
  let objects = 0;
  let lists = 0;
  for (let at = 0; at < body.byteLength; at += 1) {
    const byte = body[at];
    if (byte === OPEN_LIST) lists += 1;
    else if (byte === OPEN_OBJECT) objects += 1;
    else if (byte === QUOTE) at = endOfString(body, at);
  }
  return { objects, lists };
}

function endOfString(body: Uint8Array, from: number): number {
  let at = from + 1;
  while (at < body.byteLength && body[at] !== QUOTE) at += body[at] === BACKSLASH ? 2 : 1;
  return at;
}
