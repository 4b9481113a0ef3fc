import { ModelFailure } from '../model-failure.ts';
import { showBytes } from '../protocol/show-bytes.ts';
import type { HttpReply } from './http-client.ts';
import { describeNetworkFailure } from './network-failure.ts';

/** Reads an answer that has to fit into memory, and refuses one that is larger. */
export async function readBounded({ body, url }: HttpReply, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      size += chunk.byteLength;
      if (size > maxBytes) {
        throw new ModelFailure(
          'ArtifactInvalid',
          `${url.host} answered ${url.pathname} with more than ${showBytes(maxBytes)} where a description was expected.`,
        );
      }
      chunks.push(chunk);
    }
  } catch (error) {
    throw describeNetworkFailure(error, url.host);
  }
  return Buffer.concat(chunks);
}
