import { expect, test } from '@jest/globals';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { isIPv6, type AddressInfo } from 'node:net';
import { AddressPolicy } from './address-policy.ts';
import { HttpClient } from './http-client.ts';

const urlOf = (host: string) => new URL(`https://${isIPv6(host) ? `[${host}]` : host}/m`);
const verdict = (host: string, allowed: string[] = []): string => {
  try {
    new AddressPolicy(allowed).assertAllowedUrl(urlOf(host));
    return 'read';
  } catch (error) {
    return error instanceof Error && error.message.includes('metadata-service') ? 'metadata' : 'private';
  }
};

test.each([
  ['8.8.8.8', 'read'],
  ['2606:4700::1111', 'read'],
  ['::ffff:8.8.8.8', 'read'],
  ['64:ff9b::8.8.8.8', 'read'],
  ['172.32.0.1', 'read'],
  ['127.0.0.1', 'private'],
  ['127.1', 'private'],
  ['2130706433', 'private'],
  ['0x7f.0.0.1', 'private'],
  ['0.0.0.0', 'private'],
  ['10.0.0.1', 'private'],
  ['172.16.5.4', 'private'],
  ['172.31.255.255', 'private'],
  ['192.168.1.1', 'private'],
  ['100.64.0.1', 'private'],
  ['198.18.0.1', 'private'],
  ['224.0.0.1', 'private'],
  ['255.255.255.255', 'private'],
  ['::1', 'private'],
  ['::', 'private'],
  ['::127.0.0.1', 'private'],
  ['::ffff:10.0.0.1', 'private'],
  ['::ffff:7f00:1', 'private'],
  ['64:ff9b::10.0.0.1', 'private'],
  ['2002:0a00:0001::', 'private'],
  ['2002:a9fe:a9fe::', 'metadata'],
  ['fd00::1', 'private'],
  ['fec0::1', 'private'],
  ['ff02::1', 'private'],
  ['2001:db8::1', 'private'],
  ['2001::1', 'private'],
  ['169.254.169.254', 'metadata'],
  ['169.254.1.1', 'metadata'],
  ['::ffff:169.254.169.254', 'metadata'],
  ['::ffff:a9fe:a9fe', 'metadata'],
  ['64:ff9b::a9fe:a9fe', 'metadata'],
  ['fd00:ec2::254', 'metadata'],
  ['fe80::1', 'metadata'],
  ['100.100.100.200', 'metadata'],
  ['168.63.129.16', 'metadata'],
])('without a list, %s is %s', (host, want) => expect(verdict(host)).toBe(want));

test.each<[string, string[], string]>([
  ['10.1.2.3', ['10.0.0.0/8'], 'read'],
  ['::ffff:10.1.2.3', ['10.0.0.0/8'], 'read'],
  ['11.1.2.3', ['10.0.0.0/8'], 'read'],
  ['192.168.1.1', ['10.0.0.0/8'], 'private'],
  ['fd00::7', ['fd00::/8'], 'read'],
  ['127.0.0.1', ['127.0.0.1'], 'read'],
  ['127.0.0.2', ['127.0.0.1'], 'private'],
  ['127.0.0.1:8443', ['127.0.0.1:8443'], 'read'],
  ['127.0.0.1:9443', ['127.0.0.1:8443'], 'private'],
  ['127.0.0.1', ['127.0.0.1:443'], 'read'],
  ['::1', ['[::1]'], 'read'],
  ['::1', ['::1'], 'read'],
  ['[::1]:5000', ['[::1]:5000'], 'read'],
  ['10.1.2.3', ['*'], 'read'],
  ['169.254.169.254', ['*'], 'metadata'],
  ['169.254.169.254', ['169.254.0.0/16', '0.0.0.0/0'], 'metadata'],
  ['::ffff:169.254.169.254', ['::/0'], 'metadata'],
  ['169.254.169.254', ['169.254.169.254'], 'read'],
  ['10.1.2.3', ['minio.example'], 'private'],
])('%s with %j is %s', (host, allowed, want) => expect(verdict(host, allowed)).toBe(want));

test.each(['', 'http://host', 'a b', '10.0.0.0/33', 'x/8', 'host:port', '*.', 'a*b'])(
  'the entry %j is refused',
  (entry) => {
    expect(() => new AddressPolicy([entry])).toThrow(expect.objectContaining({ reason: 'SourceRefused' }));
  },
);

/** A server at localhost, which is a name with a private address. */
async function ask(allowed: (port: number) => string[]): Promise<string> {
  const server = createServer((_request, response) => response.end('here'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const http = new HttpClient({ addresses: new AddressPolicy(allowed(port)) });
  try {
    const reply = await http.send(new URL(`http://localhost:${port}/`), { allowPlainHttp: true });
    return await reply.body.text();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await http.close();
    server.close();
  }
}

test.each<{ name: string; allowed: (port: number) => string[]; want: string }>([
  { name: 'is refused by what it resolves to', allowed: () => [], want: 'localhost has a private address' },
  { name: 'is read when it is listed', allowed: () => ['localhost'], want: 'here' },
  { name: 'is read when it is listed with its port', allowed: (port) => [`localhost:${port}`], want: 'here' },
  { name: 'is refused at another port', allowed: (port) => [`localhost:${port + 1}`], want: 'private address' },
  { name: 'is read when its addresses are listed', allowed: () => ['127.0.0.0/8', '::1'], want: 'here' },
  { name: 'is refused when another name is listed', allowed: () => ['*.localhost', 'host'], want: 'private address' },
])('a name $name', async ({ allowed, want }) => expect(await ask(allowed)).toContain(want));
