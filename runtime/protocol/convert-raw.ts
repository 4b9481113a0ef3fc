import type { Datatype } from './datatype.ts';
import { DATATYPES } from './datatype.ts';
import type { TensorData } from './tensor.ts';
import { splitTexts, viewBytes } from './tensor-bytes.ts';
import { checkText } from './convert-values.ts';
import { refuse } from './v2-request.ts';

/** What the bytes of a tensor have to be. */
export interface RawTensor {
  datatype: Datatype;
  shape: readonly number[];
  expected: number;
  place: string;
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Bytes of the binary tensor extension, typed; not copied where they lie well. */
export function convertRaw(bytes: Uint8Array, tensor: RawTensor): TensorData {
  const { datatype, shape, expected, place } = tensor;
  if (datatype === 'BYTES') return convertTexts(bytes, tensor);
  const needed = expected * DATATYPES[datatype].bytes;
  if (bytes.byteLength !== needed) {
    refuse(
      place,
      `has ${bytes.byteLength} bytes, but ${datatype} of shape [${shape.join(', ')}] needs ${needed}; make them agree.`,
    );
  }
  const data = viewBytes(datatype, bytes);
  if (datatype === 'BOOL') checkBooleans(data as Uint8Array, place);
  return data;
}

function checkBooleans(data: Uint8Array, place: string): void {
  const index = data.findIndex((byte) => byte > 1);
  if (index !== -1) refuse(`${place}[${index}]`, `is the byte ${data[index]}; BOOL takes 0 and 1.`);
}

function convertTexts(bytes: Uint8Array, { shape, expected, place }: RawTensor): string[] {
  const texts = splitTexts(bytes);
  if (texts === undefined)
    refuse(place, 'has lengths that do not add up to its bytes; send each text as 4 bytes of length and its bytes.');
  if (texts.length !== expected)
    refuse(place, `has ${texts.length} texts, but shape [${shape.join(', ')}] needs ${expected}; make them agree.`);
  return texts.map((text, index) => decodeText(text, `${place}[${index}]`));
}

/** The engine's binding takes text only as JavaScript strings: bytes that are not UTF-8 would be changed, so they are refused. */
export function decodeText(bytes: Uint8Array, place: string): string {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    refuse(place, 'is not UTF-8; the engine takes text only. Send other bytes as a UINT8 tensor, or as base64 text.');
  }
  checkText(text, place);
  return text;
}
