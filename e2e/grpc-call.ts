import { Client, credentials } from '@grpc/grpc-js';
import { serializers } from '../runtime/grpc/testdata/client.ts';

/** One gRPC call with the real client, made inside the cluster's network: `grpc-call.ts HOST:PORT METHOD JSON`. Prints the answer. */
const [address = '', method = '', text = '{}'] = process.argv.slice(2);
const { path, serialize, deserialize } = serializers(method);
const client = new Client(address, credentials.createInsecure());
const request = JSON.parse(text) as object;
const deadline = Date.now() + 20_000;
client.makeUnaryRequest(path, serialize, deserialize, request, { deadline }, (error, answer) => {
  console.log(JSON.stringify(error === null ? { answer } : { error: { code: error.code, details: error.details } }));
  client.close();
});
