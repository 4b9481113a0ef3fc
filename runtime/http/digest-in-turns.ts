import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';

const SLICE_BYTES = 1024 * 1024;

/** SHA-256 of a body, in turns with everything else that the server does. */
export async function digestInTurns(body: Uint8Array): Promise<string> {
  const hash = createHash('sha256');
  for (let at = 0; at < body.byteLength; at += SLICE_BYTES) {
    if (at > 0) await nextTurn();
    hash.update(body.subarray(at, at + SLICE_BYTES));
  }
  return hash.digest('base64url');
}
