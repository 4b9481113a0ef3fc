import { root } from './messages.ts';

/** A .proto file as reflection hands it out. */
export interface DescribedFile {
  name: string;
  package: string;
  bytes: Uint8Array;
}

let files: Promise<DescribedFile[]> | undefined;

/** The .proto files of everything that is served. */
export const describedFiles = (): Promise<DescribedFile[]> => (files ??= describe());

/** The extension adds toDescriptor() to the root; it is loaded only when somebody asks for reflection. */
async function describe(): Promise<DescribedFile[]> {
  const { default: descriptor } = await import('protobufjs/ext/descriptor.js');
  const { file } = root.toDescriptor('proto3');
  return (file ?? []).map((one) => ({
    name: one.name ?? '',
    package: one.package ?? '',
    bytes: descriptor.FileDescriptorProto.encode(one).finish(),
  }));
}
