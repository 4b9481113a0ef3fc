/** One place of a tokenised text: a special token of the model, or the room for a text. */
interface TemplatePart {
  /** The special token; undefined where a text goes. */
  token: string | undefined;
  /** 0 for the first text, 1 for the second. */
  slot: number;
  type: number;
}

/** What a tokenizer puts around one text, or around two. */
export type Template = readonly TemplatePart[];

/** The part of a tokenizer that adds its special tokens. */
export interface PostProcessor {
  post_process: (
    first: string[],
    second?: string[] | null,
    addSpecial?: boolean,
  ) => { tokens: string[]; token_type_ids?: number[] };
}

/** No text can be taken for these: they hold a NUL. */
const SLOTS = ['\0first', '\0second'];

/** Finds out what a tokenizer puts around texts by letting it work on placeholders. */
export function readTemplate(processor: PostProcessor | null, isPair: boolean): Template {
  const [first = '', second = ''] = SLOTS;
  const plain = { tokens: isPair ? [first, second] : [first], token_type_ids: undefined };
  const made = processor?.post_process([first], isPair ? [second] : null, true) ?? plain;
  return made.tokens.map((token, index) => {
    const slot = SLOTS.indexOf(token);
    return { token: slot === -1 ? token : undefined, slot, type: made.token_type_ids?.[index] ?? 0 };
  });
}

/** How many special tokens a template has. */
export const specialCount = (template: Template): number => template.filter(({ token }) => token !== undefined).length;

/** How much of two texts is kept so that they fit, as the tokenizers library does it: the longer one is cut first. */
export function shareRoom(first: number, second: number, room: number): [number, number] {
  if (first + second <= room) return [first, second];
  const [short, long] = [Math.min(first, second), Math.max(first, second)];
  let kept = [short, short > room ? short : Math.min(long, Math.max(short, room - short))];
  if ((kept[0] ?? 0) + (kept[1] ?? 0) > room) kept = [Math.floor(room / 2), Math.floor(room / 2) + (room % 2)];
  const [small = 0, large = 0] = kept;
  return first > second ? [large, small] : [small, large];
}
