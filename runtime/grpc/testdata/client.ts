import type { CallOptions, ClientDuplexStream, ServiceError } from '@grpc/grpc-js';
import { Client, Metadata, credentials } from '@grpc/grpc-js';
import { root } from '../messages.ts';

/** What a call gave: an answer, or the error that the client made of the status. */
export interface Reply {
  // oxlint-disable-next-line typescript/no-explicit-any -- messages are looked at field by field in tests
  message: any;
  error: ServiceError | undefined;
  headers: Metadata;
}

const SERVICE = 'inference.GRPCInferenceService';

/** Reads and writes messages as grpc-js wants them. */
export function serializers(name: string, service = SERVICE) {
  const method = root.lookupService(service).methods[name];
  const scope = service.slice(0, service.lastIndexOf('.'));
  const request = root.lookupType(`${scope}.${method?.requestType}`);
  const response = root.lookupType(`${scope}.${method?.responseType}`);
  return {
    path: `/${service}/${name}`,
    serialize: (value: object) => Buffer.from(request.encode(request.fromObject(value)).finish()),
    deserialize: (bytes: Buffer) => response.decode(bytes),
  };
}

/** A client of the real grpc-js for tests. */
export class TestClient {
  readonly client: Client;

  constructor(port: number, options: object = {}, secrets = credentials.createInsecure()) {
    this.client = new Client(`127.0.0.1:${port}`, secrets, options);
  }

  call(
    name: string,
    request: object = {},
    more: CallOptions & { metadata?: Record<string, string> } = {},
  ): Promise<Reply> {
    const [method = name, service] = name.split('/').reverse();
    const { path, serialize, deserialize } = serializers(method, service);
    const metadata = new Metadata();
    for (const [key, value] of Object.entries(more.metadata ?? {})) metadata.set(key, value);
    let headers = new Metadata();
    return new Promise((resolve) => {
      const call = this.client.makeUnaryRequest(
        path,
        serialize,
        deserialize,
        request,
        metadata,
        more,
        (error, message) => resolve({ message, error: error ?? undefined, headers }),
      );
      call.on('metadata', (got: Metadata) => (headers = got));
    });
  }

  stream(name: string): ClientDuplexStream<object, unknown> {
    const [method = name, service] = name.split('/').reverse();
    const { path, serialize, deserialize } = serializers(method, service);
    return this.client.makeBidiStreamRequest(path, serialize, deserialize);
  }

  close(): void {
    this.client.close();
  }
}
