import { Agent, request, type Dispatcher } from 'undici';

/** An answer of a pod. */
export interface PodAnswer {
  status: number;
  text: string;
}

/** Asks a pod; rejects when it does not answer in time. */
export type PodClient = (url: string) => Promise<PodAnswer>;

const TIMEOUT_MS = 3000;
const MAX_BYTES = 1_000_000;

/** The real client: no redirects, no more bytes or time than a scrape can need. */
export function createPodClient(): { ask: PodClient; close: () => Promise<void> } {
  const dispatcher: Dispatcher = new Agent({ connect: { timeout: TIMEOUT_MS }, maxResponseSize: MAX_BYTES });
  const ask: PodClient = async (url) => {
    const { statusCode, body } = await request(url, { dispatcher, signal: AbortSignal.timeout(TIMEOUT_MS) });
    return { status: statusCode, text: await body.text() };
  };
  return { ask, close: () => dispatcher.close() };
}
