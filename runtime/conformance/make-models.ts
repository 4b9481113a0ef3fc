/** Fills a folder with the models that the client checks ask: `node make-models.ts DIR`. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { slowModel } from '../testdata/model-folder.ts';
import { ELEMENT, buildModel, divideModel, identityModel, node, value } from '../testdata/onnx-builder.ts';

/** sum = a + b and difference = a - b, row by row. */
const sumModel = (): Buffer =>
  buildModel({
    nodes: [
      node('Add', { input: ['a', 'b'], output: ['sum'] }),
      node('Sub', { input: ['a', 'b'], output: ['difference'] }),
    ],
    inputs: ['a', 'b'].map((name) => value(name, ELEMENT.INT32, ['n', 4])),
    outputs: ['sum', 'difference'].map((name) => value(name, ELEMENT.INT32, ['n', 4])),
  });

/** Model files by name: `same-TYPE` gives back what it gets. */
function models(): Map<string, Buffer> {
  const made = new Map<string, Buffer>([
    ['sum', sumModel()],
    ['divide', divideModel()],
    ['slow', slowModel()],
  ]);
  for (const [type, element] of Object.entries(ELEMENT))
    if (type !== 'BF16') made.set(`same-${type.toLowerCase()}`, identityModel(element, ['n', 'm']));
  return made;
}

const [directory] = process.argv.slice(2);
if (directory === undefined) throw new Error('say where the models are to be put: make-models.ts DIR');
for (const [name, bytes] of models()) {
  await mkdir(path.join(directory, name, '1'), { recursive: true });
  await writeFile(path.join(directory, name, '1', 'model.onnx'), bytes);
}
