import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { Tokenizer } from '@huggingface/tokenizers';
import { findOffsets } from './offsets.ts';
import { TextEncoder } from './tokenizer.ts';

const FOLDER = path.join(import.meta.dirname, '..', '..', 'testdata', 'tasks', 'texts');

interface Encoding {
  input_ids: number[];
  token_type_ids: number[];
  offset_mapping: [number, number][];
}
interface Reference {
  texts: string[];
  pairs: [string, string][];
  tokenizers: Record<string, { single: Encoding[]; pair: Encoding[]; cut: Encoding[]; cutPair: Encoding[] }>;
}
/** Made by runtime/tasks/reference with tokenizers and transformers. */
const reference = JSON.parse(readFileSync(path.join(FOLDER, 'texts.json'), 'utf8')) as Reference;

const readJson = (name: string, file: string) =>
  JSON.parse(readFileSync(path.join(FOLDER, name, file), 'utf8')) as Record<string, unknown>;

function load(name: string, maxTokens = 512): TextEncoder {
  const definition = readJson(name, 'tokenizer.json');
  const config = readJson(name, 'tokenizer_config.json');
  return new TextEncoder(new Tokenizer(definition, config), { definition, config, maxTokens });
}
const whole = { truncate: false, side: 'right' } as const;
const cut = { truncate: true, side: 'right' } as const;
const NAMES = Object.keys(reference.tokenizers);
const rows = NAMES.flatMap((name) => reference.texts.map((text, index) => ({ name, text, index })));

test.each(rows)(
  '$name cuts $text into the tokens of the Python library, at the same places',
  ({ name, text, index }) => {
    const encoder = load(name);
    const want = reference.tokenizers[name]?.single[index];
    const got = encoder.encode({ text, place: 'inputs' }, whole);
    expect(got.ids).toEqual(want?.input_ids);
    const own = got.tokens.filter((_, at) => got.special[at] !== true);
    expect(findOffsets(encoder, text, own)).toEqual(want?.offset_mapping.slice(1, -1));
  },
);

test.each(rows)('$name shortens $text as the Python library does', ({ name, text, index }) => {
  const got = load(name, 8).encode({ text, place: 'inputs' }, cut);
  expect(got.ids).toEqual(reference.tokenizers[name]?.cut[index]?.input_ids);
});

test.each(NAMES)('%s puts pairs together, and shortens them, as the Python library does', (name) => {
  for (const [index, [text, pair]] of reference.pairs.entries()) {
    const want = reference.tokenizers[name];
    const got = load(name).encode({ text, pair, place: 'inputs' }, whole);
    expect(got.ids).toEqual(want?.pair[index]?.input_ids);
    expect(load(name, 12).encode({ text, pair, place: 'inputs' }, cut).ids).toEqual(want?.cutPair[index]?.input_ids);
    if (name !== 'bpe') expect(got.types).toEqual(want?.pair[index]?.token_type_ids);
  }
});

test('a cut on the left keeps the end', () => {
  const left = load('wordpiece', 6).encode(
    { text: 'the quick brown fox', place: 'inputs' },
    { truncate: true, side: 'left' },
  );
  const all = load('wordpiece').encode({ text: 'the quick brown fox', place: 'inputs' }, whole);
  expect(left.ids).toEqual([all.ids[0], ...all.ids.slice(-5)]);
});

test.each([
  ['a text of 10 MB', 'x'.repeat(10_000_000), 'BodyTooLarge', 'inputs has 10000000 characters; at most 100000'],
  ['half a surrogate pair', 'a\ud800b', 'InvalidRequest', 'inputs has half of a surrogate pair'],
  ['more tokens than the model takes', 'word '.repeat(200), 'InvalidRequest', 'the model takes 128'],
])('%s is refused', (...[, text, code, says]) => {
  const encode = () => load('wordpiece', 128).encode({ text, place: 'inputs' }, whole);
  expect(encode).toThrow(expect.objectContaining({ code, message: expect.stringContaining(says) }));
});

test('token ids are taken as they are, and unknown ones refused', () => {
  const encoder = load('wordpiece');
  const { ids } = encoder.encode({ text: 'the fox', place: 'input' }, whole);
  expect(encoder.encodeIds(ids.slice(1, -1), 'input', whole).ids).toEqual(ids);
  expect(() => encoder.encodeIds([5, 99_999], 'input[0]', whole)).toThrow('input[0][1] is token 99999');
});
