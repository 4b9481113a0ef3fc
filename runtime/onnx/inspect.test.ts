import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { link, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import {
  ELEMENT,
  buildModel,
  externalDataModel,
  identityModel,
  node,
  sequenceModel,
  value,
} from '../testdata/onnx-builder.ts';
import { checkExternalData } from './external-data.ts';
import { inspectBytes, inspectModel } from './inspect.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'aimass-onnx-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const weighted = buildModel({
  nodes: [
    node('Add', { input: ['x', 'w'], output: ['y'] }, 'com.example'),
    node('Relu', { input: ['y'], output: ['z'] }),
  ],
  inputs: [value('x', ELEMENT.FP32, ['n', 3]), value('w', ELEMENT.FP32, [2, 3])],
  outputs: [value('z', ELEMENT.INT64, [])],
  initializers: [{ name: 'w', dims: [2, 3], dataType: ELEMENT.FP32, rawData: Buffer.alloc(24) }],
});

test('a model says its operator set, producer, parameters, tensors and domains; weights are no inputs', async () => {
  const file = path.join(directory, 'm.onnx');
  await writeFile(file, weighted);
  expect(await inspectModel(file)).toEqual({
    opset: 17,
    producer: 'aimass-test',
    parameterCount: 6,
    inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 3] }],
    outputs: [{ name: 'z', datatype: 'INT64', shape: [] }],
    externalLocations: [],
    domains: ['ai.onnx', 'com.example'],
  });
});

test.each([
  { name: 'an empty file', bytes: Buffer.alloc(0), reason: 'EmptyFile', says: 'empty' },
  { name: 'a web page', bytes: Buffer.from('<!DOCTYPE html><html>'), reason: 'NotOnnx', says: 'web page' },
  { name: 'a zip archive', bytes: Buffer.from('PK\x03\x04rest'), reason: 'NotOnnx', says: 'PyTorch' },
  { name: 'a pickle', bytes: Buffer.from([0x80, 4, 0x95, 1]), reason: 'NotOnnx', says: 'pickle' },
  { name: 'HDF5', bytes: Buffer.from('\x89HDF\r\n\x1a\n', 'latin1'), reason: 'NotOnnx', says: 'Keras' },
  {
    name: 'safetensors',
    bytes: Buffer.concat([Buffer.from([16, 0, 0, 0, 0, 0, 0, 0]), Buffer.from('{"a":{"dtype":1}}')]),
    reason: 'NotOnnx',
    says: 'safetensors',
  },
  {
    name: 'a Git LFS pointer',
    bytes: Buffer.from('version https://git-lfs.github.com/spec/v1\n'),
    reason: 'NotOnnx',
    says: 'LFS',
  },
  { name: 'random text', bytes: Buffer.from('this is not a model'), reason: 'NotOnnx', says: 'not ONNX' },
  {
    name: 'a model that is cut off',
    bytes: weighted.subarray(0, weighted.length - 10),
    reason: 'NotOnnx',
    says: 'cut off',
  },
  { name: 'protobuf of another kind', bytes: Buffer.from([0x08, 0x01]), reason: 'NotOnnx', says: 'no graph' },
  { name: 'a sequence as output', bytes: sequenceModel(), reason: 'UnsupportedType', says: 'zipmap' },
  { name: 'bfloat16 as input', bytes: identityModel(ELEMENT.BF16), reason: 'UnsupportedType', says: 'bfloat16' },
])('$name is refused and named', ({ bytes, reason, says }) => {
  expect(() => inspectBytes(bytes)).toThrow(
    expect.objectContaining({ reason, message: expect.stringContaining(says) }),
  );
});

test('every byte-prefix of a model is refused, never half-read', () => {
  for (let length = 1; length < weighted.length; length += 1) {
    const read = () => inspectBytes(Buffer.from(weighted.subarray(0, length)));
    // A cut between two fields of the message is a shorter message; it must lack something.
    try {
      const facts = read();
      expect(facts.domains.length).toBeLessThan(3);
    } catch (error) {
      expect(error).toMatchObject({ name: 'ModelFailure' });
    }
  }
});

describe('weights outside the file', () => {
  let folder: string;
  beforeAll(async () => {
    folder = path.join(directory, 'model');
    await mkdir(path.join(folder, 'sub'), { recursive: true });
    await writeFile(path.join(directory, 'secret.bin'), 'outside');
    await writeFile(path.join(folder, 'weights.bin'), Buffer.alloc(16));
    await symlink('../secret.bin', path.join(folder, 'soft.bin'));
    await link(path.join(directory, 'secret.bin'), path.join(folder, 'hard.bin'));
    await symlink('..', path.join(folder, 'up'));
  });

  test('the model names the files', () => {
    expect(inspectBytes(externalDataModel('weights.bin')).externalLocations).toEqual(['weights.bin']);
  });

  test('a plain file beside the model is accepted', async () => {
    await expect(checkExternalData(folder, ['weights.bin'])).resolves.toBeUndefined();
  });

  test.each([
    ['a path upwards', '../secret.bin'],
    ['a path upwards in the middle', 'sub/../../secret.bin'],
    ['an absolute path', '/etc/passwd'],
    ['a symbolic link', 'soft.bin'],
    ['a hard link', 'hard.bin'],
    ['a folder that is a link', 'up/secret.bin'],
    ['a folder', 'sub'],
    ['an in-memory marker', '*/_ORT_MEM_ADDR_/x'],
    ['no name at all', ''],
  ])('%s is refused', async (_name, location) => {
    await expect(checkExternalData(folder, [location])).rejects.toMatchObject({ reason: 'ExternalDataOutside' });
  });

  test('a file that did not come along is named', async () => {
    await expect(checkExternalData(folder, ['gone.bin'])).rejects.toMatchObject({
      reason: 'LoadFailed',
      message: expect.stringContaining('gone.bin'),
    });
  });
});
