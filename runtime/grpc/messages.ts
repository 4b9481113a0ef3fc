import protobuf from 'protobufjs';
import { ApiError } from '../errors.ts';
import schema from './schema.json' with { type: 'json' };

/** Every message and service that is spoken here. */
export const root = protobuf.Root.fromJSON(schema as protobuf.INamespace);
root.resolveAll();

/** A 64-bit integer as it is decoded. */
export interface Long {
  low: number;
  high: number;
  unsigned: boolean;
  toString(): string;
}

/** Reads and writes one kind of message. */
export interface Codec<T extends object> {
  name: string;
  decode(bytes: Uint8Array): T;
  /** The bytes with gRPC's five bytes in front, not compressed. */
  frame(message: T): Buffer;
}

/** Bytes in front of each message: whether it is compressed, and its length. */
export const PREFIX_BYTES = 5;
const prefix = Buffer.alloc(PREFIX_BYTES);

/** The codec of a message, by its full name. */
export function codec<T extends object>(name: string): Codec<T> {
  const type = root.lookupType(name);
  return {
    name,
    decode: (bytes) => {
      try {
        return type.decode(bytes) as unknown as T;
      } catch (error) {
        const reason = error instanceof Error ? error.message.slice(0, 200) : 'unreadable';
        throw new ApiError('InvalidRequest', `The message is not a valid ${name} (${reason}); encode it anew.`);
      }
    },
    frame: (message) => {
      const frame = type.encode(message, protobuf.Writer.create().raw(prefix)).finish() as Buffer;
      frame.writeUInt32BE(frame.length - PREFIX_BYTES, 1);
      return frame;
    },
  };
}

/** The framed message of values that come as plain objects: enums by name, numbers for 64-bit fields. */
export const fromPlain = (name: string, value: object): object => root.lookupType(name).fromObject({ ...value });

/** A 64-bit integer for encoding. */
export const toLong = (value: bigint, isUnsigned: boolean): Long =>
  new protobuf.util.Long(Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n)), isUnsigned) as Long;

/** A decoded 64-bit integer: a number when it is safe, else a bigint, so that no digit is lost. */
export function fromLong(value: Long | number): number | bigint {
  if (typeof value === 'number') return value;
  const number = value.high * 2 ** 32 + (value.low >>> 0);
  if (!value.unsigned && Number.isSafeInteger(number)) return number;
  const unsigned = (value.high >>> 0) * 2 ** 32 + (value.low >>> 0);
  if (value.unsigned && Number.isSafeInteger(unsigned)) return unsigned;
  return BigInt(value.toString());
}
