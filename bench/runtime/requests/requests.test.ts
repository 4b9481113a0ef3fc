import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import protobuf from 'protobufjs';
import { differenceOf, type Example } from './example.ts';
import { grpcFrame, readGrpcAnswer } from './grpc.ts';
import { binaryBody, jsonBody, readAnswer } from './rest.ts';

const example: Example = {
  inputs: [
    { name: 'x', datatype: 'FP32', shape: [1, 2], data: [0.5, -2] },
    { name: 'ids', datatype: 'INT64', shape: [1, 1], data: [7] },
  ],
  outputs: [{ name: 'y', datatype: 'FP32', shape: [1, 2], data: [1, 2] }],
};

test('a JSON request is the inputs of the example', () => {
  expect(JSON.parse(jsonBody(example).bytes.toString())).toEqual({ inputs: example.inputs });
});

test('a binary request has its tensors behind the JSON, in order, and says where they begin', () => {
  const { headers, bytes } = binaryBody(example);
  const head = Number(headers['Inference-Header-Content-Length']);
  const { inputs } = JSON.parse(bytes.toString('utf8', 0, head)) as { inputs: { parameters: object }[] };
  expect(inputs.map(({ parameters }) => parameters)).toEqual([{ binary_data_size: 8 }, { binary_data_size: 8 }]);
  expect([bytes.readFloatLE(head), bytes.readFloatLE(head + 4), bytes.readBigInt64LE(head + 8)]).toEqual([0.5, -2, 7n]);
  expect(bytes.length).toBe(head + 16);
});

test('an answer may mix binary and JSON outputs', () => {
  const head = JSON.stringify({
    outputs: [
      { name: 'a', datatype: 'INT64', shape: [1], parameters: { binary_data_size: 8 } },
      { name: 'b', datatype: 'FP32', shape: [1], data: [3] },
    ],
  });
  const tail = Buffer.alloc(8);
  tail.writeBigInt64LE(-4n);
  const headers = new Headers({ 'inference-header-content-length': String(head.length) });
  const outputs = readAnswer(Buffer.concat([Buffer.from(head), tail]), headers);
  expect(outputs.map(({ data }) => data)).toEqual([[-4], [3]]);
});

const { root } = protobuf.parse(readFileSync(join(import.meta.dirname, 'inference.proto'), 'utf8'));

test('a gRPC request is framed and carries raw contents', () => {
  const frame = grpcFrame('S', example);
  expect([frame[0], frame.readUInt32BE(1)]).toEqual([0, frame.length - 5]);
  const request = root.lookupType('inference.ModelInferRequest').decode(frame.subarray(5)).toJSON();
  expect(request).toMatchObject({ modelName: 'S', inputs: [{ name: 'x', shape: ['1', '2'] }, { name: 'ids' }] });
});

test.each([
  { name: 'raw', contents: {}, raw: [Buffer.from(Float32Array.of(1, 2).buffer)] },
  { name: 'typed', contents: { contents: { fp32Contents: [1, 2] } }, raw: [] },
])('a gRPC answer with $name contents is read', ({ contents, raw }) => {
  const outputs = [{ name: 'y', datatype: 'FP32', shape: [1, 2], ...contents }];
  const type = root.lookupType('inference.ModelInferResponse');
  const message = type.encode(type.fromObject({ outputs, rawOutputContents: raw })).finish();
  const answer = readGrpcAnswer(Buffer.concat([Buffer.alloc(5), message]));
  expect(differenceOf(answer, example.outputs)).toBeUndefined();
});

test.each([
  { name: 'the same numbers, nested', data: [[1, 2.0001]] as unknown as number[], want: undefined },
  { name: 'another number', data: [1, 3], want: 'output "y"[1] is 3, not 2' },
  { name: 'too few numbers', data: [1], want: 'output "y" has 1 numbers' },
  { name: 'no number', data: [1, NaN], want: 'output "y"[1] is NaN, not 2' },
])('differenceOf: $name', ({ data, want }) => {
  expect(differenceOf([{ name: 'y', datatype: 'FP32', shape: [1, 2], data }], example.outputs)).toBe(want);
});

test('an output that is missing is told', () => {
  expect(differenceOf([], example.outputs)).toBe('output "y" is missing');
});
