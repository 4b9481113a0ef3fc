import protobuf from 'protobufjs';

const field = (id: number, type: string) => ({ id, type });
const list = (id: number, type: string) => ({ id, type, rule: 'repeated' });

/** As much of ONNX's messages as it takes to write a graph of one operator (field numbers of onnx.proto3). */
const { nested } = {
  nested: {
    Model: { fields: { irVersion: field(1, 'int64'), graph: field(7, 'Graph'), opsetImport: list(8, 'OperatorSet') } },
    OperatorSet: { fields: { domain: field(1, 'string'), version: field(2, 'int64') } },
    Graph: {
      fields: {
        node: list(1, 'Node'),
        name: field(2, 'string'),
        initializer: list(5, 'Tensor'),
        input: list(11, 'ValueInfo'),
        output: list(12, 'ValueInfo'),
      },
    },
    Node: { fields: { input: list(1, 'string'), output: list(2, 'string'), opType: field(4, 'string') } },
    Tensor: {
      fields: {
        dims: list(1, 'int64'),
        dataType: field(2, 'int32'),
        name: field(8, 'string'),
        externalData: list(13, 'Entry'),
        dataLocation: field(14, 'int32'),
      },
    },
    Entry: { fields: { key: field(1, 'string'), value: field(2, 'string') } },
    ValueInfo: { fields: { name: field(1, 'string'), type: field(2, 'Type') } },
    Type: { fields: { tensorType: field(1, 'TensorType') } },
    TensorType: { fields: { elemType: field(1, 'int32'), shape: field(2, 'Shape') } },
    Shape: { fields: { dim: list(1, 'Dimension') } },
    Dimension: { fields: { dimValue: field(1, 'int64') } },
  },
};
const FLOAT = 1;
const EXTERNAL = 1;
const messages = protobuf.Root.fromJSON({ nested }).lookupType('Model');

const tensor = (name: string) => ({
  name,
  type: { tensorType: { elemType: FLOAT, shape: { dim: [{ dimValue: 1 }] } } },
});

/** An ONNX file with one operator from input `x` to output `y`, both FP32 [1]; `weights` adds a second input from outside the file. */
export function oneOperatorModel(opType: string, { weights }: { weights?: string } = {}): Uint8Array {
  const outside = {
    name: 'w',
    dims: [1],
    dataType: FLOAT,
    dataLocation: EXTERNAL,
    externalData: [{ key: 'location', value: weights }],
  };
  const graph = {
    name: 'g',
    node: [{ input: weights === undefined ? ['x'] : ['x', 'w'], output: ['y'], opType }],
    input: [tensor('x')],
    output: [tensor('y')],
    initializer: weights === undefined ? [] : [outside],
  };
  return messages
    .encode(messages.fromObject({ irVersion: 8, graph, opsetImport: [{ domain: '', version: 17 }] }))
    .finish();
}
