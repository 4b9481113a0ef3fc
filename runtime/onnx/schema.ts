import protobuf from 'protobufjs';

const field = (id: number, type: string) => ({ id, type });
const list = (id: number, type: string) => ({ id, type, rule: 'repeated' });

/** The parts of ONNX messages that are read. Weights are left out on purpose: unknown fields are skipped, not copied. */
const MESSAGES = {
  Model: {
    irVersion: field(1, 'int64'),
    producerName: field(2, 'string'),
    producerVersion: field(3, 'string'),
    graph: field(7, 'Graph'),
    opsetImport: list(8, 'OperatorSet'),
    functions: list(25, 'Function'),
  },
  OperatorSet: { domain: field(1, 'string'), version: field(2, 'int64') },
  Function: { name: field(1, 'string'), node: list(7, 'Node'), domain: field(10, 'string') },
  Graph: {
    node: list(1, 'Node'),
    initializer: list(5, 'Tensor'),
    input: list(11, 'ValueInfo'),
    output: list(12, 'ValueInfo'),
    sparseInitializer: list(15, 'SparseTensor'),
  },
  Node: {
    name: field(3, 'string'),
    opType: field(4, 'string'),
    attribute: list(5, 'Attribute'),
    domain: field(7, 'string'),
  },
  Attribute: {
    tensor: field(5, 'Tensor'),
    graph: field(6, 'Graph'),
    floats: list(7, 'float'),
    tensors: list(10, 'Tensor'),
    graphs: list(11, 'Graph'),
    sparseTensor: field(22, 'SparseTensor'),
    sparseTensors: list(23, 'SparseTensor'),
  },
  Tensor: {
    dims: list(1, 'int64'),
    dataType: field(2, 'int32'),
    name: field(8, 'string'),
    externalData: list(13, 'Entry'),
    dataLocation: field(14, 'int32'),
  },
  SparseTensor: { values: field(1, 'Tensor'), indices: field(2, 'Tensor') },
  Entry: { key: field(1, 'string'), value: field(2, 'string') },
  ValueInfo: { name: field(1, 'string'), type: field(2, 'Type') },
  Type: {
    tensorType: field(1, 'TensorType'),
    sequenceType: field(4, 'Empty'),
    mapType: field(5, 'Empty'),
    sparseTensorType: field(8, 'Empty'),
    optionalType: field(9, 'Empty'),
  },
  Empty: {},
  TensorType: { elemType: field(1, 'int32'), shape: field(2, 'Shape') },
  Shape: { dim: list(1, 'Dimension') },
  Dimension: { dimValue: field(1, 'int64'), dimParam: field(2, 'string') },
};

const nested = Object.fromEntries(Object.entries(MESSAGES).map(([name, fields]) => [name, { fields }]));

/** The ModelProto message, reduced to what is read. */
export const modelMessage: protobuf.Type = protobuf.Root.fromJSON({ nested }).lookupType('Model');

/** A tensor's description without its data. */
export interface OnnxTensor {
  dims?: number[];
  dataType?: number;
  name?: string;
  externalData?: { key?: string; value?: string }[];
  dataLocation?: number;
}

/** One operator of a graph. */
export interface OnnxNode {
  name?: string;
  opType?: string;
  domain?: string;
  attribute?: {
    tensor?: OnnxTensor;
    graph?: OnnxGraph;
    floats?: number[];
    tensors?: OnnxTensor[];
    graphs?: OnnxGraph[];
    sparseTensor?: { values?: OnnxTensor; indices?: OnnxTensor };
    sparseTensors?: { values?: OnnxTensor; indices?: OnnxTensor }[];
  }[];
}

/** An input or output of a graph. */
export interface OnnxValue {
  name?: string;
  type?: {
    tensorType?: { elemType?: number; shape?: { dim?: { dimValue?: number; dimParam?: string }[] } };
    sequenceType?: object;
    mapType?: object;
    sparseTensorType?: object;
    optionalType?: object;
  };
}

/** A graph, also inside of operators such as If and Loop. */
export interface OnnxGraph {
  node?: OnnxNode[];
  initializer?: OnnxTensor[];
  sparseInitializer?: { values?: OnnxTensor; indices?: OnnxTensor }[];
  input?: OnnxValue[];
  output?: OnnxValue[];
}

/** A whole model file. */
export interface OnnxModel {
  irVersion?: number;
  producerName?: string;
  producerVersion?: string;
  graph?: OnnxGraph;
  opsetImport?: { domain?: string; version?: number }[];
  functions?: { name?: string; domain?: string; node?: OnnxNode[] }[];
}
