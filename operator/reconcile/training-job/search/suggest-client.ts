import { z } from 'zod';
import { TrainingReason } from '../../../../crds/schema/reasons.ts';
import {
  suggestAnswer,
  type SuggestAnswer,
  type SuggestRequest,
} from '../../../decide/training-job/search/suggest-exchange.ts';

/** What came of a question. */
export type Suggestion =
  | { kind: 'answer'; answer: SuggestAnswer }
  /** The space contradicts itself: asking again gives the same. */
  | { kind: 'invalid'; message: string }
  /** It may pass by itself; not to be asked again before. */
  | { kind: 'unavailable'; message: string; againInMs: number }
  /** There is no service to ask. */
  | { kind: 'none' };

/** Asks the suggest service; `search` names who asks. */
export type Suggest = (search: string, request: SuggestRequest) => Promise<Suggestion>;

interface Options {
  /** Base URL of the service; empty: there is none. */
  url: string;
  now: () => number;
  timeoutMs?: number;
}

const TIMEOUT_MS = 30_000;
const FIRST_PAUSE_MS = 5_000;
const LAST_PAUSE_MS = 5 * 60_000;
const MOST_REMEMBERED = 1000;
const LONGEST_QUOTE = 500;

interface Memory {
  question: string;
  outcome: Suggestion;
  failures: number;
  notBefore: number;
}

/**
 * The service as the searches see it. The same question has the same answer, so it is asked once; after a failure each
 * search pauses, longer each time.
 */
export function createSuggest({ url, now, timeoutMs = TIMEOUT_MS }: Options): Suggest {
  const memories = new Map<string, Memory>();
  return async (search, request) => {
    if (url === '') return { kind: 'none' };
    const question = JSON.stringify(request);
    const memory = memories.get(search);
    const remembered = recall(memory, question, now());
    if (remembered !== undefined) return remembered;
    const answer = await ask(new URL('v1/suggest', url.endsWith('/') ? url : `${url}/`), question, timeoutMs);
    const fresh = memorise(question, answer, { failuresBefore: memory?.failures ?? 0, now: now() });
    keep(memories, search, fresh);
    return fresh.outcome;
  };
}

function memorise(question: string, answer: Answer, facts: { failuresBefore: number; now: number }): Memory {
  if (answer.kind !== 'unavailable') return { question, outcome: answer, failures: 0, notBefore: 0 };
  const againInMs = Math.min(LAST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** facts.failuresBefore);
  const outcome = { ...answer, againInMs };
  return { question, outcome, failures: facts.failuresBefore + 1, notBefore: facts.now + againInMs };
}

/** The newest is last; searches that ended long ago are forgotten. */
function keep(memories: Map<string, Memory>, search: string, memory: Memory): void {
  memories.delete(search);
  memories.set(search, memory);
  const [oldest] = memories.keys();
  if (memories.size > MOST_REMEMBERED && oldest !== undefined) memories.delete(oldest);
}

function recall(memory: Memory | undefined, question: string, now: number): Suggestion | undefined {
  if (memory === undefined) return undefined;
  const { outcome } = memory;
  if (outcome.kind !== 'unavailable') return memory.question === question ? outcome : undefined;
  return now < memory.notBefore ? { ...outcome, againInMs: memory.notBefore - now } : undefined;
}

type Answer = { kind: 'unavailable'; message: string } | Exclude<Suggestion, { kind: 'unavailable' }>;

async function ask(url: URL, body: string, timeoutMs: number): Promise<Answer> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    return read(response.status, await response.text());
  } catch (error) {
    return { kind: 'unavailable', message: failureWords(error, timeoutMs) };
  }
}

const errorBody = z.object({ error: z.object({ reason: z.string(), message: z.string() }) });

function read(status: number, text: string): Answer {
  const value = parseJson(text);
  if (status === 200) {
    const answer = suggestAnswer.safeParse(value);
    if (answer.success) return { kind: 'answer', answer: answer.data };
    return { kind: 'unavailable', message: 'it answered something else than suggestions' };
  }
  const said = errorBody.safeParse(value).data?.error;
  const words = said?.message.slice(0, LONGEST_QUOTE);
  if (said?.reason === TrainingReason.SearchSpaceInvalid) return { kind: 'invalid', message: words ?? '' };
  return {
    kind: 'unavailable',
    message: `it answered with status ${status}${words === undefined ? '' : `: ${words}`}`,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // a proxy in between answers with a page
  }
}

const thrown = z.object({
  name: z.string(),
  message: z.string(),
  cause: z.object({ code: z.string() }).optional().catch(undefined),
});

/** What fetch throws says little; its cause says what happened. */
function failureWords(error: unknown, timeoutMs: number): string {
  const { name, message, cause } = thrown.safeParse(error).data ?? { name: '', message: String(error) };
  if (name === 'TimeoutError') return `it did not answer within ${timeoutMs / 1000} seconds`;
  return `it cannot be reached (${cause?.code ?? message})`;
}
