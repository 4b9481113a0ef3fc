import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TaskServer } from '../testdata/task-server.ts';
import { startTaskServer } from '../testdata/task-server.ts';

const DATA = path.join(import.meta.dirname, '..', 'testdata', 'tasks');
const DIGIT = readFileSync(path.join(import.meta.dirname, '..', '..', 'library', 'digits', 'sample.png'));
const WIDE = readFileSync(path.join(DATA, 'images', 'wide.png'));
const TAGGERS = ['wordpiece', 'bpe', 'unigram'] as const;
const NAMES = [
  'iris',
  'digits',
  'diabetes',
  'classifier',
  'nli',
  'ranker',
  'masker',
  'embedder',
  'detector',
  ...TAGGERS.map((kind) => `tagger-${kind}`),
];

interface Reference {
  sentences: [string, string, string];
  query: string;
  candidates: string[];
  classifier: number[][];
  ranker: number[];
  nli: { single: number[]; multi: number[] };
  tagger: Record<string, Record<string, Record<string, unknown>[][]>>;
  masker: Record<string, unknown>[];
  detector: Record<string, Record<string, unknown>[]>;
  embedder: { vectors: number[][]; similarity: number[]; query: number[] };
}
/** Made by runtime/tasks/reference with onnxruntime and transformers for Python. */
const reference = JSON.parse(readFileSync(path.join(DATA, 'models', 'models.json'), 'utf8')) as Reference;
const { sentences, query, candidates } = reference;

let server: TaskServer;
beforeAll(async () => {
  server = await startTaskServer(NAMES);
}, 60_000);
afterAll(() => server.stop());

async function post(
  at: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: unknown }> {
  const isRaw = body instanceof Uint8Array;
  const response = await fetch(`${server.url}${at}`, {
    method: 'POST',
    body: isRaw ? new Uint8Array(body) : JSON.stringify(body),
    headers: { ...(isRaw ? {} : { 'content-type': 'application/json' }), ...headers },
  });
  return { status: response.status, body: (await response.json()) as unknown };
}

async function ask(at: string, body: unknown): Promise<unknown> {
  const answer = await post(at, body);
  expect(answer).toMatchObject({ status: 200 });
  return answer.body;
}

/** Single precision is computed in another order here than in Python; the sixth digit is the same. */
const near = (value: number) => expect.closeTo(value, 5) as unknown;
const nearAll = (values: readonly number[]) => values.map(near);
const withNearScore = (entity: Record<string, unknown>): Record<string, unknown> => ({
  ...entity,
  score: near(Number(entity['score'])),
});

test('an image as raw bytes is classified, most likely first, five at most', async () => {
  const answer = (await ask('/models/digits', DIGIT)) as { label: string; score: number }[];
  expect(answer).toHaveLength(5);
  expect(answer[0]?.score).toBeGreaterThan(0.9);
  const { body } = await post('/models/digits', {
    inputs: DIGIT.toString('base64'),
    parameters: { top_k: 2, function_to_apply: 'sigmoid' },
  });
  expect(body).toHaveLength(2);
  expect((body as typeof answer)[0]?.label).toBe(answer[0]?.label);
});

test('images in a list, as data URLs too, give a list of answers', async () => {
  const answer = (await ask('/models/digits/pipeline/image-classification', {
    inputs: [DIGIT.toString('base64'), `data:image/png;base64,${WIDE.toString('base64')}`],
  })) as unknown[][];
  expect(answer.map((classes) => classes.length)).toEqual([5, 5]);
});

test('things in an image get labels and boxes as in Python', async () => {
  const all = await ask('/models/detector', { inputs: WIDE.toString('base64'), parameters: { threshold: 0 } });
  expect(all).toEqual(reference.detector['0.0']?.map(withNearScore));
  expect(await ask('/models/detector', WIDE)).toEqual(reference.detector['0.5']?.map(withNearScore));
});

const IRIS = {
  'sepal length (cm)': [5.1, 6.3],
  'sepal width (cm)': [3.4, 2.9],
  'petal length (cm)': [1.5, 5.6],
  'petal width (cm)': [0.2, 1.8],
};

test.each([
  ['{"inputs": {"data": columns}}', { inputs: { data: IRIS } }],
  [
    '{"table": columns}, as the Python client sends it',
    {
      parameters: {},
      table: Object.fromEntries(Object.entries(IRIS).map(([name, values]) => [name, values.map(String)])),
    },
  ],
  ['{"inputs": columns}, in another order', { inputs: Object.fromEntries(Object.entries(IRIS).toReversed()) }],
  [
    'rows of values',
    {
      inputs: {
        data: [
          [5.1, 3.4, 1.5, 0.2],
          [6.3, 2.9, 5.6, 1.8],
        ],
      },
    },
  ],
  [
    'rows by column',
    {
      inputs: [
        { 'sepal length (cm)': 5.1, 'sepal width (cm)': 3.4, 'petal length (cm)': 1.5, 'petal width (cm)': 0.2 },
        { 'petal width (cm)': 1.8, 'petal length (cm)': 5.6, 'sepal width (cm)': 2.9, 'sepal length (cm)': 6.3 },
      ],
    },
  ],
])('a table as %s gets labels', async (_name, body) => {
  expect(await ask('/models/iris', body)).toEqual(['setosa', 'virginica']);
});

test('a table gets numbers from a regression', async () => {
  const row = [0.01, -0.05, 0.02, 0.03, -0.01, -0.02, 0.04, 0, 0.02, 0.01];
  const answer = (await ask('/models/diabetes', { inputs: [row, row] })) as number[];
  expect(answer).toHaveLength(2);
  expect(answer[0]).toBe(answer[1]);
});

test('texts are classified as in Python', async () => {
  const classes = ['negative', 'neutral', 'positive'];
  const wanted = reference.classifier.map((scores) =>
    scores
      .map((score, index) => ({ label: classes[index], score: near(score), raw: score }))
      .toSorted((a, b) => b.raw - a.raw)
      .map(({ label, score }) => ({ label, score })),
  );
  expect(await ask('/models/classifier', { inputs: sentences })).toEqual(wanted);
  expect(await ask('/models/classifier', { inputs: sentences[0], parameters: { top_k: 1 } })).toEqual([
    wanted[0]?.slice(0, 1),
  ]);
});

const STRATEGIES = ['none', 'simple', 'first', 'average', 'max'];
test.each(TAGGERS.flatMap((kind) => STRATEGIES.map((strategy) => ({ kind, strategy }))))(
  'tokens of $kind are grouped by $strategy as in Python',
  async ({ kind, strategy }) => {
    const answer = await ask(`/models/tagger-${kind}`, {
      inputs: sentences,
      parameters: { aggregation_strategy: strategy },
    });
    expect(answer).toEqual(reference.tagger[kind]?.[strategy]?.map((entities) => entities.map(withNearScore)));
  },
);

test('a hole is filled as in Python', async () => {
  expect(await ask('/models/masker', { inputs: 'the quick brown [MASK] jumps' })).toEqual(
    reference.masker.map(withNearScore),
  );
  expect(
    await ask('/models/masker', { inputs: '[MASK] fox [MASK]', parameters: { top_k: 2, targets: ['fox', 'dog'] } }),
  ).toEqual([
    [expect.anything(), expect.anything()],
    [expect.anything(), expect.anything()],
  ]);
});

test.each([false, true])('labels are fitted to a text as in Python, several at once: %s', async (multi) => {
  const scores = multi ? reference.nli.multi : reference.nli.single;
  const wanted = candidates
    .map((label, index) => ({ label, score: scores[index] ?? 0 }))
    .toSorted((a, b) => b.score - a.score);
  const answer = await ask('/models/nli', {
    inputs: sentences[0],
    parameters: { candidate_labels: candidates, multi_label: multi },
  });
  expect(answer).toEqual(wanted.map(withNearScore));
});

test('texts are ranked as in Python', async () => {
  const wanted = reference.ranker
    .map((score, index) => ({ index, score }))
    .toSorted((a, b) => b.score - a.score)
    .map(withNearScore);
  expect(await ask('/models/ranker/rerank', { query, texts: sentences })).toEqual(wanted);
  expect(await ask('/models/ranker', { inputs: { source_sentence: query, sentences } })).toEqual(wanted);
  const best = await ask('/models/ranker/pipeline/text-ranking', {
    query,
    texts: sentences,
    return_text: true,
    top_k: 1,
  });
  expect(best).toEqual([{ ...wanted[0], text: sentences[Number(wanted[0]?.['index'])] }]);
});

test('texts are embedded as in Python', async () => {
  const wanted = reference.embedder.vectors.map(nearAll);
  expect(await ask('/models/embedder', { inputs: sentences })).toEqual(wanted);
  expect(await ask('/models/embedder/embed', { inputs: sentences[0] })).toEqual([wanted[0]]);
  expect(await ask('/models/embedder', { inputs: query, prompt_name: 'query' })).toEqual([
    nearAll(reference.embedder.query),
  ]);
  const short = (await ask('/models/embedder', { inputs: query, dimensions: 8 })) as number[][];
  expect(Math.hypot(...(short[0] ?? []))).toBeCloseTo(1, 6);
});

test('likeness is the cosine of embeddings', async () => {
  const body = { inputs: { source_sentence: sentences[0], sentences: sentences.slice(1) } };
  expect(await ask('/models/embedder/pipeline/sentence-similarity', body)).toEqual(
    nearAll(reference.embedder.similarity),
  );
});

test('many texts of many lengths come back in their order', async () => {
  const texts = Array.from({ length: 100 }, (_, index) => 'fox '.repeat((index * 37) % 100) + String(index));
  const all = (await ask('/models/embedder', { inputs: texts })) as number[][];
  expect(all).toHaveLength(100);
  const one = (await ask('/models/embedder', { inputs: texts[61] })) as number[][];
  expect(all[61]).toEqual(nearAll(one[0] ?? []));
});

test('a long text is refused, or cut when that is asked', async () => {
  const long = 'fox '.repeat(300);
  expect(await post('/models/embedder', { inputs: long })).toMatchObject({
    status: 400,
    body: {
      error: expect.stringContaining(
        'inputs has 302 tokens; the model takes 128. Shorten the text, or send "truncate": true.',
      ),
    },
  });
  const [right] = (await ask('/models/embedder', { inputs: `dog ${long}`, truncate: true })) as number[][];
  const [left] = (await ask('/models/embedder', {
    inputs: `dog ${long}`,
    truncate: true,
    truncation_direction: 'left',
  })) as number[][];
  expect(right).not.toEqual(left);
});

test('OpenAI: texts, tokens and base64 give the same vectors, and tokens are counted', async () => {
  const base = { model: 'embedder' };
  const float = (await ask('/v1/embeddings', { ...base, input: sentences })) as {
    data: { embedding: number[]; index: number }[];
    usage: unknown;
  };
  expect(float).toMatchObject({ object: 'list', model: 'embedder' });
  expect(float.data.map(({ embedding }) => embedding)).toEqual(reference.embedder.vectors.map(nearAll));
  const coded = (await ask('/v1/embeddings', { ...base, input: sentences, encoding_format: 'base64' })) as {
    data: { embedding: string }[];
    usage: { prompt_tokens: number; total_tokens: number };
  };
  const bytes = Buffer.from(coded.data[0]?.embedding ?? '', 'base64');
  expect([...new Float32Array(new Uint8Array(bytes).buffer)]).toEqual(float.data[0]?.embedding);
  expect(coded.usage.prompt_tokens).toBeGreaterThan(20);
  expect(coded.usage).toEqual(float.usage);
  expect(await ask('/v1/embeddings', { ...base, input: [[5, 6], [7]] })).toMatchObject({
    data: [{ index: 0 }, { index: 1 }],
    usage: { prompt_tokens: 7 },
  });
  const { data } = (await (await fetch(`${server.url}/v1/models`)).json()) as { data: { id: string }[] };
  expect(data.map(({ id }) => id)).toEqual(NAMES);
  expect(await (await fetch(`${server.url}/v1/models/embedder`)).json()).toMatchObject({
    id: 'embedder',
    object: 'model',
  });
});

test.each([
  ['an unknown model', { model: 'nobody', input: 'x' }, 404, 'There is no model \\"nobody\\"'],
  [
    'a cut that the model was not trained for',
    { model: 'embedder', input: 'x', dimensions: 5 },
    400,
    'dimensions is 5; the model was trained for 8, 16',
  ],
  ['an empty text', { model: 'embedder', input: '' }, 400, 'input is empty'],
  ['no texts', { model: 'embedder', input: [] }, 400, 'input is an empty list'],
  ['a strange field', { model: 'embedder', input: 'x', temperature: 1 }, 400, 'temperature is not known here'],
  ['a strange format', { model: 'embedder', input: 'x', encoding_format: 'hex' }, 400, 'encoding_format is \\"hex\\"'],
  ['a model that does not embed', { model: 'iris', input: 'x' }, 400, 'does tabular-classification'],
  ['an unknown token', { model: 'embedder', input: [99_999] }, 400, 'input[0] is token 99999'],
])('OpenAI: %s is refused in the shape of OpenAI', async (...[, body, status, says]) => {
  const answer = await post('/v1/embeddings', body);
  expect(answer.status).toBe(status);
  expect(JSON.stringify(answer.body)).toContain(says);
  expect(answer.body).toMatchObject({ error: { type: 'invalid_request_error', message: expect.any(String) } });
});

const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
test.each([
  ['no JSON', '/models/classifier', '{"inputs": ', 400, 'The body is not JSON'],
  ['a list', '/models/classifier', '[1]', 400, 'the body is a list'],
  ['100,000 levels', '/models/classifier', `{"inputs": ${deep}}`, 400, 'inputs[0] is a list'],
  ['no inputs', '/models/classifier', '{}', 400, 'inputs is missing'],
  ['a number', '/models/classifier', '{"inputs": 5}', 400, 'inputs is 5; send a text'],
  [
    '__proto__',
    '/models/classifier',
    '{"inputs": "x", "__proto__": {"inputs": "y"}}',
    400,
    '__proto__ is not known here',
  ],
  [
    '__proto__ as a column',
    '/models/iris',
    '{"inputs": {"data": {"__proto__": [1]}}}',
    400,
    'has \\"__proto__\\", which the model does not know',
  ],
  ['half a surrogate pair', '/models/classifier', '{"inputs": "a\\ud800"}', 400, 'half of a surrogate pair'],
  [
    'a misspelt option',
    '/models/classifier',
    '{"inputs": "x", "parameters": {"topk": 1}}',
    400,
    'parameters.topk is not known here',
  ],
  [
    'an option out of range',
    '/models/classifier',
    '{"inputs": "x", "parameters": {"top_k": 0}}',
    400,
    'parameters.top_k is 0; send a whole number from 1',
  ],
  [
    'a strange word',
    '/models/tagger-bpe',
    '{"inputs": "x", "parameters": {"aggregation_strategy": "all"}}',
    400,
    'send one of none, simple, first, average, max',
  ],
  [
    'too many texts',
    '/models/classifier',
    JSON.stringify({ inputs: Array(1025).fill('x') }),
    400,
    'send from 1 to 1024',
  ],
  [
    'a text of 10 MB',
    '/models/classifier',
    JSON.stringify({ inputs: 'x'.repeat(10_000_000) }),
    413,
    'inputs has 10000000 characters; at most 100000',
  ],
  [
    'texts of 2 MB together',
    '/models/embedder',
    JSON.stringify({ inputs: Array(1000).fill('fox '.repeat(500)) }),
    413,
    'The texts have 2000000 characters together',
  ],
  [
    'an address',
    '/models/digits',
    '{"inputs": "http://169.254.169.254/latest"}',
    400,
    'inputs is an address; this server fetches nothing',
  ],
  ['no base64', '/models/digits', '{"inputs": "not an image!"}', 400, 'inputs is not base64'],
  [
    'another task',
    '/models/iris/pipeline/text-classification',
    '{"inputs": "x"}',
    400,
    'does tabular-classification, not \\"text-classification\\"',
  ],
  ['an unknown model', '/models/nobody', '{"inputs": "x"}', 404, 'There is no model \\"nobody\\"'],
  ['no model among several', '/', '{"inputs": "x"}', 404, 'name one in the path'],
  [
    'a missing column',
    '/models/iris',
    JSON.stringify({ inputs: { data: { ...IRIS, 'petal width (cm)': undefined } } }),
    400,
    'lacks \\"petal width (cm)\\"',
  ],
  [
    'a misnamed column',
    '/models/iris',
    JSON.stringify({ inputs: { data: { ...IRIS, 'petal width (cm)': undefined, 'petal width': [1, 2] } } }),
    400,
    'has \\"petal width\\", which the model does not know (and lacks \\"petal width (cm)\\")',
  ],
  [
    'columns of other lengths',
    '/models/iris',
    JSON.stringify({ inputs: { data: { ...IRIS, 'petal width (cm)': [1] } } }),
    400,
    'has 1 values, but other columns have 2',
  ],
  [
    'a text in a table',
    '/models/iris',
    JSON.stringify({ inputs: [[1, 2, 'much', 4]] }),
    400,
    'inputs column \\"petal length (cm)\\"[0] is \\"much\\"; FP32 takes numbers',
  ],
  [
    'a number that is too large',
    '/models/iris',
    JSON.stringify({ inputs: [[1, 2, 1e300, 4]] }),
    400,
    'inputs column \\"petal length (cm)\\"[0] is 1e+300',
  ],
  ['no rows', '/models/iris', '{"inputs": []}', 400, 'inputs has no rows'],
  ['no hole', '/models/masker', '{"inputs": "all there"}', 400, 'inputs has no hole; write [MASK]'],
])('%s is refused by name', async (...[, at, body, status, says]) => {
  const response = await fetch(`${server.url}${at}`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json' },
  });
  const text = await response.text();
  expect(text).toContain(says);
  expect(response.status).toBe(status);
  expect(text).not.toMatch(/\/(tmp|home|root|work|usr)\//);
});

test('raw bytes that are no image are refused, and so is another method', async () => {
  expect(await post('/models/digits', Buffer.from('<svg/>'), { 'content-type': 'image/svg+xml' })).toMatchObject({
    status: 400,
    body: { error: expect.stringContaining('the body is no image') },
  });
  expect((await fetch(`${server.url}/models/digits`)).status).toBe(405);
});

test('what each part took is told', () => {
  expect(server.times.some(({ task, prepareMs }) => task === 'text-classification' && prepareMs > 0)).toBe(true);
});
