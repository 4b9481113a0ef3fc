/** What the messages of fetching say of a Model, in the words of a data set. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [
    /The model cache is full\. Give it more space, or remove models from it\./g,
    'The volume is full. Give it more space with spec.workspace.size.',
  ],
  [/\bmodel\.onnx\b/g, 'data.csv'],
  [/spec\.source\.uri/g, 'spec.data[].uri'],
  [/spec\.source\.(maxSize|caBundle)/g, 'spec.data[].$1'],
  [/spec\.(sha256|credentials)/g, 'spec.data[].$1'],
  [/a model file/g, 'a data file'],
  [/\bModels are\b/g, 'Data is'],
  [/\bmodels come\b/g, 'data comes'],
  [/\b([Tt]he) model\b/g, '$1 data'],
];

/** A message about a data set that was not fetched. */
export const inWordsOfData = (message: string): string =>
  WORDS.reduce((text, [pattern, words]) => text.replace(pattern, words), message);
