import { EngineError } from './engine.ts';
import { messageOf } from '../error-shape.ts';

/** Takes paths, source locations and addresses out of a message of the engine, and bounds its length. */
export function cleanMessage(message: string): string {
  return message
    .replace(
      /Non-zero status code returned while running (\S+) node\. Name:'[^']*' Status Message: /g,
      'The operator $1 failed: ',
    )
    .replace(/(\w+ )?onnxruntime::[^()\s]*\([^)]*\)( const)?( \[with [^\]]*\])?/g, '')
    .replace(/\b\w+\.(h|cc|cpp|cu|cuh):\d+ (\w+ )?/g, '')
    .replace(/\S*\/onnxruntime_src\/\S*(\s+\S+::\S+\([^)]*\))?/g, '')
    .replace(/(^|[\s"'(=])(\/[^\s"'():,]+)+/g, '$1…')
    .replace(/0x[0-9a-f]{6,}/gi, '…')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 500);
}

const OPERATOR =
  /(?:No opset import for domain|is not a registered function\/op|Could not find an implementation for|No Op registered for|Unrecognized operator)/i;
const NAMED_OPERATOR =
  /(?:No Op registered for\s+(\S+)|implementation for\s+([\w.:]+\(\d+\))|Type Error: .*?op(?:erator)? \(?(\w+)|([\w.:]+)\(-?\d+\) is not a registered)/i;

const OUT_OF_MEMORY = /Failed to allocate memory|bad[ _]alloc/i;

/** What a failure to load means. */
export function describeLoadFailure(error: unknown): EngineError {
  const message = messageOf(error);
  if (/Unsupported data type|Unsupported type|not a tensor|non-tensor/i.test(message)) {
    return new EngineError('unsupportedType', cleanMessage(message), { cause: error });
  }
  if (OPERATOR.test(message)) {
    const name = NAMED_OPERATOR.exec(message)?.slice(1).find(Boolean);
    const text = name === undefined ? cleanMessage(message) : `The operator ${name} is not supported by onnxruntime.`;
    return new EngineError('unsupportedOperator', text, { cause: error });
  }
  if (/Failed to load shared library/i.test(message)) {
    const text =
      'The libraries of the GPU cannot be loaded. The driver (libcuda.so.1) comes from the node: ask for an accelerator, on a node with a GPU, and use the GPU image.';
    return new EngineError('failed', text, { cause: error });
  }
  const kind = OUT_OF_MEMORY.test(message) ? 'outOfMemory' : 'failed';
  return new EngineError(kind, cleanMessage(message), { cause: error });
}

/** What a failure to run means: the engine marks what is wrong with the input as an invalid argument. */
export function describeRunFailure(error: unknown): EngineError {
  const message = messageOf(error);
  if (OUT_OF_MEMORY.test(message)) return new EngineError('outOfMemory', cleanMessage(message), { cause: error });
  const isInput =
    /INVALID_ARGUMENT|Invalid (input|feed|rank|dimension)|Got invalid dimensions|out of (data )?(bounds|range)|broadcast an axis|dimension mismatch|mismatched dimensions|cannot be reshaped/i.test(
      message,
    );
  return new EngineError(isInput ? 'invalidInput' : 'failed', cleanMessage(message), { cause: error });
}
