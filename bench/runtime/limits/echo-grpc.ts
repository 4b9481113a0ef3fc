import { createServer as createHttp } from 'node:http';
import { createServer } from 'node:http2';

// The least that node:http2 can do with a unary gRPC call: read the message and send it back with its trailers.
const server = createServer();
server.on('stream', (stream) => {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.on('end', () => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(Buffer.concat(chunks));
  });
  stream.on('error', () => stream.close());
});
server.listen(Number(process.argv[3]), '127.0.0.1', () => {
  // Tells the harness that the other port listens.
  createHttp((_, response) => response.end()).listen(Number(process.argv[2]), '127.0.0.1');
});
