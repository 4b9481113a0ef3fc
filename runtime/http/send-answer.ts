import type { IncomingMessage, ServerResponse } from 'node:http';
import { chooseEncoding, compress } from './compression.ts';
import type { EncodedAnswer } from './infer-answer.ts';
import { sendBody } from './send.ts';

/** Sends an answer, compressed where the client takes that and it is worth it. */
export async function sendAnswer(
  { headers: { 'accept-encoding': accepted } }: IncomingMessage,
  response: ServerResponse,
  { headers, body }: EncodedAnswer,
): Promise<void> {
  const encoding = accepted === undefined ? undefined : chooseEncoding(accepted);
  const compressed = encoding && (await compress(body, encoding));
  if (compressed === undefined) sendBody(response, headers, body);
  else sendBody(response, { ...headers, 'content-encoding': encoding ?? '', vary: 'accept-encoding' }, compressed);
}
