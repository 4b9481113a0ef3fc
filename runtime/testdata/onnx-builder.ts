import protobuf from 'protobufjs';

const field = (id: number, type: string) => ({ id, type });
const list = (id: number, type: string) => ({ id, type, rule: 'repeated' });
const fields = (map: Record<string, object>) => ({ fields: map as Record<string, protobuf.IField> });

/** The parts of ONNX messages that test models need. */
const root = protobuf.Root.fromJSON({
  nested: {
    Model: fields({
      irVersion: field(1, 'int64'),
      producerName: field(2, 'string'),
      graph: field(7, 'Graph'),
      opsetImport: list(8, 'Opset'),
    }),
    Opset: fields({ domain: field(1, 'string'), version: field(2, 'int64') }),
    Graph: fields({
      node: list(1, 'Node'),
      name: field(2, 'string'),
      initializer: list(5, 'Tensor'),
      input: list(11, 'Value'),
      output: list(12, 'Value'),
    }),
    Node: fields({
      input: list(1, 'string'),
      output: list(2, 'string'),
      name: field(3, 'string'),
      opType: field(4, 'string'),
      domain: field(7, 'string'),
      attribute: list(5, 'Attribute'),
    }),
    Attribute: fields({
      name: field(1, 'string'),
      f: field(2, 'float'),
      i: field(3, 'int64'),
      t: field(5, 'Tensor'),
      g: field(6, 'Graph'),
      ints: list(8, 'int64'),
      type: field(20, 'int32'),
    }),
    Tensor: fields({
      dims: list(1, 'int64'),
      dataType: field(2, 'int32'),
      name: field(8, 'string'),
      rawData: field(9, 'bytes'),
      externalData: list(13, 'Entry'),
      dataLocation: field(14, 'int32'),
    }),
    Entry: fields({ key: field(1, 'string'), value: field(2, 'string') }),
    Value: fields({ name: field(1, 'string'), type: field(2, 'Type') }),
    Type: fields({ tensorType: field(1, 'TensorType'), sequenceType: field(4, 'Sequence') }),
    Sequence: fields({ elemType: field(1, 'Type') }),
    TensorType: fields({ elemType: field(1, 'int32'), shape: field(2, 'Shape') }),
    Shape: fields({ dim: list(1, 'Dim') }),
    Dim: fields({ dimValue: field(1, 'int64'), dimParam: field(2, 'string') }),
  },
});
const modelType = root.lookupType('Model');

/** Element types of ONNX by the names of Open Inference V2. */
export const ELEMENT = {
  FP32: 1,
  UINT8: 2,
  INT8: 3,
  UINT16: 4,
  INT16: 5,
  INT32: 6,
  INT64: 7,
  BYTES: 8,
  BOOL: 9,
  FP16: 10,
  FP64: 11,
  UINT32: 12,
  UINT64: 13,
  BF16: 16,
} as const;

/** An input or output: name, element type, sizes (a text is a size left open). */
export const value = (name: string, elemType: number, dims: readonly (number | string)[]) => ({
  name,
  type: {
    tensorType: {
      elemType,
      shape: { dim: dims.map((dim) => (typeof dim === 'number' ? { dimValue: dim } : { dimParam: dim })) },
    },
  },
});

/** One operator, of the default operator set unless a domain is given. */
export const node = (opType: string, wires: { input: string[]; output: string[] }, domain = '') => ({
  opType,
  ...wires,
  domain,
});

/** A graph as the builder takes it. */
export interface GraphParts {
  nodes: object[];
  inputs: object[];
  outputs: object[];
  initializers?: object[];
}

/** The bytes of a model file. */
export function buildModel({ nodes, inputs, outputs, initializers = [] }: GraphParts): Buffer {
  const message = modelType.create({
    irVersion: 8,
    producerName: 'aimass-test',
    opsetImport: [
      { domain: '', version: 17 },
      { domain: 'com.example', version: 1 },
    ],
    graph: { name: 'test', node: nodes, input: inputs, output: outputs, initializer: initializers },
  });
  return Buffer.from(modelType.encode(message).finish());
}

/** A model that gives its input back: y = x. */
export const identityModel = (elemType: number = ELEMENT.FP32, dims: readonly (number | string)[] = ['n']): Buffer =>
  buildModel({
    nodes: [node('Identity', { input: ['x'], output: ['y'] })],
    inputs: [value('x', elemType, dims)],
    outputs: [value('y', elemType, dims)],
  });

/** A model that divides: q = a / b, so that 0 / 0 is NaN and 1 / 0 infinite. */
export const divideModel = (): Buffer =>
  buildModel({
    nodes: [node('Div', { input: ['a', 'b'], output: ['q'] })],
    inputs: [value('a', ELEMENT.FP32, ['n']), value('b', ELEMENT.FP32, ['n'])],
    outputs: [value('q', ELEMENT.FP32, ['n'])],
  });

/**
 * A model that takes as much time and memory as it is told: it fills a matrix of `size` with zeros, multiplies it `steps`
 * times with itself, and gives the mean.
 */
export function workModel(steps: number): Buffer {
  const last = `m${steps}`;
  const nodes = [
    node('ConstantOfShape', { input: ['size'], output: ['m0'] }),
    ...Array.from({ length: steps }, (_, step) => node('MatMul', { input: ['m0', `m${step}`], output: [`m${step + 1}`] })),
    node('ReduceMean', { input: [last], output: ['y'] }),
  ];
  return buildModel({
    nodes,
    inputs: [value('size', ELEMENT.INT64, [2])],
    outputs: [value('y', ELEMENT.FP32, [1, 1])],
  });
}

/** A model that takes the mean of the batch away from each row: rows that run together change each other. */
export const batchNormalModel = (): Buffer =>
  buildModel({
    nodes: [
      { ...node('ReduceMean', { input: ['x'], output: ['mean'] }), attribute: [{ name: 'axes', ints: [0], type: 7 }] },
      node('Sub', { input: ['x', 'mean'], output: ['y'] }),
    ],
    inputs: [value('x', ELEMENT.FP32, ['n', 3])],
    outputs: [value('y', ELEMENT.FP32, ['n', 3])],
  });

/** A model whose operator no engine knows. */
export const unknownOperatorModel = (): Buffer =>
  buildModel({
    nodes: [node('Frobnicate', { input: ['x'], output: ['y'] }, 'com.example')],
    inputs: [value('x', ELEMENT.FP32, ['n'])],
    outputs: [value('y', ELEMENT.FP32, ['n'])],
  });

/** A model that adds four weights kept in a file of the given name. */
export const externalDataModel = (location: string): Buffer =>
  buildModel({
    nodes: [node('Add', { input: ['x', 'w'], output: ['y'] })],
    inputs: [value('x', ELEMENT.FP32, [4])],
    outputs: [value('y', ELEMENT.FP32, [4])],
    initializers: [
      {
        name: 'w',
        dims: [4],
        dataType: ELEMENT.FP32,
        dataLocation: 1,
        externalData: [{ key: 'location', value: location }],
      },
    ],
  });

/** A model whose output is a sequence of tensors. */
export const sequenceModel = (): Buffer =>
  buildModel({
    nodes: [node('SequenceConstruct', { input: ['x'], output: ['s'] })],
    inputs: [value('x', ELEMENT.FP32, ['n'])],
    outputs: [
      {
        name: 's',
        type: {
          sequenceType: { elemType: { tensorType: { elemType: ELEMENT.FP32, shape: { dim: [{ dimParam: 'n' }] } } } },
        },
      },
    ],
  });
