import dns from 'node:dns';
import net from 'node:net';
import { ModelFailure } from '../model-failure.ts';

/** Addresses that hand out machine credentials or reach the node itself: no model ever lives there. */
const forbidden = new net.BlockList();
forbidden.addSubnet('169.254.0.0', 16, 'ipv4');
forbidden.addSubnet('fe80::', 10, 'ipv6');
forbidden.addAddress('fd00:ec2::254', 'ipv6'); // AWS, IPv6
forbidden.addAddress('fd20:ce::254', 'ipv6'); // Google Cloud, IPv6
forbidden.addAddress('100.100.100.200', 'ipv4'); // Alibaba Cloud
forbidden.addAddress('168.63.129.16', 'ipv4'); // Azure
forbidden.addAddress('192.0.0.192', 'ipv4'); // Oracle Cloud

const MAPPED_IPV4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** True for link-local and metadata-service addresses, IPv4 in IPv6 clothes included. */
export function isForbiddenAddress(address: string): boolean {
  const mapped = MAPPED_IPV4.exec(address)?.[1];
  if (mapped !== undefined) return forbidden.check(mapped, 'ipv4');
  // BlockList itself sees through ::ffff:a9fe:a9fe, the hexadecimal spelling that URL parsing produces.
  return forbidden.check(address, net.isIPv6(address) ? 'ipv6' : 'ipv4');
}

const refusal = (host: string) =>
  new ModelFailure(
    'SourceRefused',
    `${host} is a link-local or metadata-service address, which is never read. Give the address of the server that holds the model.`,
  );

/** Refuses a URL whose host is written as a forbidden address. */
export function assertAllowedHost(url: URL): void {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (net.isIP(host) !== 0 && isForbiddenAddress(host)) throw refusal(host);
}

/** Name lookup that refuses names which point at a forbidden address, so that DNS cannot lead there either. */
export const guardedLookup: net.LookupFunction = (hostname, options, callback) => {
  dns.lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return callback(error, '', 0);
    const bad = addresses.find(({ address }) => isForbiddenAddress(address));
    if (bad) return callback(refusal(`${hostname} (${bad.address})`), '', 0);
    const [first] = addresses;
    if (first === undefined) return callback(new Error(`no address for ${hostname}`), '', 0);
    if (options.all === true) return callback(null, addresses);
    return callback(null, first.address, first.family);
  });
};
