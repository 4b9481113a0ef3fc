/** Serves the plane of the tests, for clients in other processes: `node serve.ts [PORT]`; prints the port, ends with SIGTERM. */
import { createGrpcServer } from '../server.ts';
import { MemoryPlane } from './memory-plane.ts';

const plane = new MemoryPlane();
plane.keepsRequests = false;
const server = createGrpcServer({ plane, maxMessageBytes: 64 * 2 ** 20, onFailure: (error) => console.error(error) });
console.log(await server.listen(Number(process.argv[2] ?? 0), '127.0.0.1'));
const started = process.cpuUsage();
process.on('SIGTERM', () => {
  const { user, system } = process.cpuUsage(started);
  console.log(`cpu_ms ${(user + system) / 1000}`);
  void server.close();
});
