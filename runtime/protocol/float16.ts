const scratch = new DataView(new ArrayBuffer(2));

/** The 16 bits of a number rounded to half precision. */
export function toFloat16Bits(value: number): number {
  scratch.setFloat16(0, value);
  return scratch.getUint16(0);
}

/** The number that 16 bits of half precision stand for. */
export function fromFloat16Bits(bits: number): number {
  scratch.setUint16(0, bits);
  return scratch.getFloat16(0);
}
