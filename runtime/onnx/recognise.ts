/** How files begin that people take for ONNX. */
const BEGINNINGS: readonly { hint: string; isAt: (bytes: Buffer) => boolean }[] = [
  {
    hint: 'a web page (an error or login page)',
    isAt: (bytes) => /^\s*<(!doctype|html|head|\?xml)/i.test(bytes.toString('latin1')),
  },
  {
    hint: 'a Git LFS pointer, not the file it points to',
    isAt: (bytes) => bytes.toString('latin1').startsWith('version https://git-lfs'),
  },
  {
    hint: 'a PyTorch checkpoint or another zip archive; export the model to ONNX',
    isAt: (bytes) => bytes.subarray(0, 4).equals(Buffer.from('PK\x03\x04')),
  },
  {
    hint: 'a Keras or HDF5 file; convert it with tf2onnx',
    isAt: (bytes) => bytes.subarray(1, 4).toString('latin1') === 'HDF',
  },
  {
    hint: 'a Python pickle (joblib, scikit-learn or old PyTorch); export the model to ONNX',
    isAt: (bytes) => bytes[0] === 0x80 && (bytes[1] ?? 0) <= 5,
  },
  { hint: 'a safetensors file; it holds weights without the graph: export the model to ONNX', isAt: isSafetensors },
  { hint: 'a GGUF file, which is for llama.cpp', isAt: (bytes) => bytes.subarray(0, 4).toString('latin1') === 'GGUF' },
  { hint: 'a TensorFlow Lite file', isAt: (bytes) => bytes.subarray(4, 8).toString('latin1') === 'TFL3' },
  { hint: 'a gzip archive; unpack it', isAt: (bytes) => bytes[0] === 0x1f && bytes[1] === 0x8b },
  {
    hint: 'an ORT-format file; serve the .onnx that it was made from',
    isAt: (bytes) => bytes.subarray(4, 8).toString('latin1') === 'ORTM',
  },
  { hint: 'a JSON text', isAt: (bytes) => /^\s*[{[]\s*["[{}\]]/.test(bytes.toString('latin1')) },
];

/** Eight bytes of header length, then a JSON object. */
function isSafetensors(bytes: Buffer): boolean {
  return bytes.length > 9 && bytes.readUInt32LE(4) === 0 && bytes[8] === 0x7b;
}

/** What a file is, going by its first bytes, when it is something well known that is not ONNX. */
export function recogniseOther(firstBytes: Buffer): string | undefined {
  return BEGINNINGS.find(({ isAt }) => isAt(firstBytes.subarray(0, 512)))?.hint;
}
