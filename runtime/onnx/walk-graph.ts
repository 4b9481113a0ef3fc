import type { OnnxGraph, OnnxModel, OnnxNode, OnnxTensor } from './schema.ts';

/** Graphs inside operators nest; a file that nests deeper was made to hurt. */
const MAX_DEPTH = 100;

/** Everything of a model that lies in some graph, however deep. */
export interface Walked {
  nodes: OnnxNode[];
  /** Weights: named tensors of graphs. */
  initializers: OnnxTensor[];
  /** Tensors in attributes, such as Constant's. */
  constants: OnnxTensor[];
  isTooDeep: boolean;
}

/** Visits all graphs of a model, those inside operators and functions included. */
export function walkModel(model: OnnxModel): Walked {
  const found: Walked = { nodes: [], initializers: [], constants: [], isTooDeep: false };
  const waiting: { graph: OnnxGraph; depth: number }[] = [];
  if (model.graph) waiting.push({ graph: model.graph, depth: 0 });
  for (const { node } of model.functions ?? []) waiting.push({ graph: { node: node ?? [] }, depth: 0 });
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { graph, depth } = next;
    if (depth > MAX_DEPTH) return { ...found, isTooDeep: true };
    collect(graph, found);
    for (const inner of innerGraphs(graph)) waiting.push({ graph: inner, depth: depth + 1 });
  }
  return found;
}

function collect(graph: OnnxGraph, found: Walked): void {
  for (const tensor of graph.initializer ?? []) found.initializers.push(tensor);
  for (const sparse of graph.sparseInitializer ?? []) found.initializers.push(...sparseParts(sparse));
  for (const node of graph.node ?? []) {
    found.nodes.push(node);
    for (const attribute of node.attribute ?? []) found.constants.push(...attributeTensors(attribute));
  }
}

const sparseParts = ({ values, indices }: { values?: OnnxTensor; indices?: OnnxTensor }) =>
  [values, indices].filter((part) => part !== undefined);

function attributeTensors(attribute: NonNullable<OnnxNode['attribute']>[number]): OnnxTensor[] {
  const { tensor, tensors = [], sparseTensor, sparseTensors = [] } = attribute;
  const sparse = [...(sparseTensor ? [sparseTensor] : []), ...sparseTensors].flatMap(sparseParts);
  return [...(tensor ? [tensor] : []), ...tensors, ...sparse];
}

const innerGraphs = (graph: OnnxGraph): OnnxGraph[] =>
  (graph.node ?? []).flatMap(({ attribute = [] }) =>
    attribute.flatMap(({ graph: inner, graphs = [] }) => (inner ? [inner, ...graphs] : graphs)),
  );
