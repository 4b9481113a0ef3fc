/** How tokens become things, by the names of transformers. */
export const STRATEGIES = ['none', 'simple', 'first', 'average', 'max'] as const;
export type Strategy = (typeof STRATEGIES)[number];

/** A token with the shares of its classes. */
export interface Token {
  /** Its number in the text, special tokens counted. */
  index: number;
  start: number;
  end: number;
  word: string;
  isSubword: boolean;
  scores: Float32Array;
}

/** A token or a thing as the response has it. */
export interface Entity {
  entity?: string;
  entity_group?: string;
  score: number;
  index?: number;
  word: string;
  start: number;
  end: number;
}

/** What grouping needs of the model and its tokenizer. */
export interface Naming {
  labelOf: (index: number) => string;
  join: (words: readonly string[]) => string;
}

const best = (scores: Float32Array): number =>
  scores.reduce((top, score, index) => (score > (scores[top] ?? 0) ? index : top), 0);

function averageOf(tokens: readonly Token[]): Float32Array {
  const [first] = tokens;
  return Float32Array.from(
    first?.scores ?? [],
    (_, label) => tokens.reduce((sum, { scores }) => sum + (scores[label] ?? 0), 0) / tokens.length,
  );
}

const peak = ({ scores }: Token) => scores[best(scores)] ?? 0;

/** The scores that stand for a whole word. */
function wordScores(tokens: readonly Token[], strategy: Strategy): Float32Array {
  const [first] = tokens;
  if (strategy === 'average') return averageOf(tokens);
  const chosen = strategy === 'max' ? tokens.reduce((top, token) => (peak(token) > peak(top) ? token : top)) : first;
  return chosen?.scores ?? new Float32Array();
}

/** An entity that still has the word it is made of. */
type Named = Entity & { entity: string };

function tokenEntity({ scores, index, word, start, end }: Token, { labelOf }: Naming): Named {
  const label = best(scores);
  return { entity: labelOf(label), score: scores[label] ?? 0, index, word, start, end };
}

function wordEntities(tokens: readonly Token[], strategy: Strategy, { labelOf, join }: Naming): Named[] {
  const words: Token[][] = [];
  for (const token of tokens) {
    const last = words.at(-1);
    if (last !== undefined && token.isSubword) last.push(token);
    else words.push([token]);
  }
  return words.map((word) => {
    const scores = wordScores(word, strategy);
    const label = best(scores);
    return {
      entity: labelOf(label),
      score: scores[label] ?? 0,
      word: join(word.map((token) => token.word)),
      start: word[0]?.start ?? 0,
      end: word.at(-1)?.end ?? 0,
    };
  });
}

function tagOf(label: string): { isStart: boolean; tag: string } {
  const isMarked = label.startsWith('B-') || label.startsWith('I-');
  return { isStart: label.startsWith('B-'), tag: isMarked ? label.slice(2) : label };
}

/** Neighbours with the same tag are one thing, unless the second says that it begins one. */
function groupEntities(entities: readonly Named[], { join }: Naming): Entity[] {
  const groups: Named[][] = [];
  for (const entity of entities) {
    const last = groups.at(-1);
    const { isStart, tag } = tagOf(entity.entity);
    if (last !== undefined && !isStart && tagOf(last.at(-1)?.entity ?? '').tag === tag) last.push(entity);
    else groups.push([entity]);
  }
  return groups.map((group) => {
    const label = group[0]?.entity ?? '';
    return {
      entity_group: label.includes('-') ? label.slice(label.indexOf('-') + 1) : label,
      score: Math.fround(group.reduce((sum, { score }) => sum + score, 0) / group.length),
      word: join(group.map(({ word }) => word)),
      start: group[0]?.start ?? 0,
      end: group.at(-1)?.end ?? 0,
    };
  });
}

/** The tokens of a text one by one, or grouped, as transformers' pipeline groups them. */
export function groupTokens(tokens: readonly Token[], strategy: Strategy, naming: Naming): Entity[] {
  if (strategy === 'none') return tokens.map((token) => tokenEntity(token, naming));
  const entities =
    strategy === 'simple' ? tokens.map((token) => tokenEntity(token, naming)) : wordEntities(tokens, strategy, naming);
  return groupEntities(entities, naming);
}
