import net from 'node:net';

/** Addresses that hand out machine credentials or reach the node itself. */
const metadata = new net.BlockList();
metadata.addSubnet('169.254.0.0', 16, 'ipv4');
metadata.addSubnet('fe80::', 10, 'ipv6');
metadata.addAddress('fd00:ec2::254', 'ipv6'); // AWS, IPv6
metadata.addAddress('fd20:ce::254', 'ipv6'); // Google Cloud, IPv6
metadata.addAddress('100.100.100.200', 'ipv4'); // Alibaba Cloud
metadata.addAddress('168.63.129.16', 'ipv4'); // Azure
metadata.addAddress('192.0.0.192', 'ipv4'); // Oracle Cloud

/** What the special-purpose registries of IANA keep from the public internet: this host, private, shared, test, multicast. */
const PRIVATE_IPV4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
];
/** `::/96` holds this host, loopback and the old IPv4-compatible addresses; 2001::/23 the tunnels and benchmarks. */
const PRIVATE_IPV6 = [
  '::/96',
  '64:ff9b:1::/48',
  '100::/64',
  '2001::/23',
  '2001:db8::/32',
  '3fff::/20',
  'fc00::/7',
  'fec0::/10',
  'ff00::/8',
];

const privateRanges = new net.BlockList();
const addAll = (ranges: readonly string[], family: 'ipv4' | 'ipv6') => {
  for (const range of ranges) {
    const [base = '', bits] = range.split('/');
    privateRanges.addSubnet(base, Number(bits), family);
  }
};
addAll(PRIVATE_IPV4, 'ipv4');
addAll(PRIVATE_IPV6, 'ipv6');

/** True for link-local and metadata-service addresses, IPv4 in IPv6 clothes included. */
export const isMetadataAddress = (address: string): boolean => isIn(metadata, address);

/** True for every address that is not one of the public internet. */
export const isPrivateAddress = (address: string): boolean => isIn(privateRanges, address);

function isIn(list: net.BlockList, address: string): boolean {
  const bare = address.replace(/%.*$/, '');
  const ipv4 = embeddedIpv4(bare);
  if (ipv4 !== undefined) return list.check(ipv4, 'ipv4');
  return list.check(bare, 'ipv6');
}

/** The IPv4 address that is meant: itself, or inside a mapped, NAT64 or 6to4 address; undefined for other IPv6 addresses. */
export function embeddedIpv4(address: string): string | undefined {
  if (net.isIPv4(address)) return address;
  const groups = groupsOf(address);
  const start = groups.slice(0, 6).join(':');
  const [, second, third] = groups;
  // ::ffff:0:0/96 mapped, 64:ff9b::/96 NAT64
  if (start === '0:0:0:0:0:65535' || start === '100:65435:0:0:0:0') return dotted(groups[6], groups[7]);
  return groups[0] === 0x2002 ? dotted(second, third) : undefined;
}

const dotted = (high = 0, low = 0) => [high >> 8, high & 255, low >> 8, low & 255].join('.');

/** The eight numbers of an IPv6 address. */
function groupsOf(address: string): number[] {
  const [end, ...bytes] = /(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address) ?? [''];
  const [a = 0, b = 0, c = 0, d = 0] = bytes.map(Number);
  const last = end && [a * 256 + b, c * 256 + d].map((part) => part.toString(16)).join(':');
  const hexadecimal = address.slice(0, address.length - end.length) + last;
  const [head = '', tail] = hexadecimal.split('::');
  const read = (text: string | undefined) => (text ? text.split(':').map((part) => Number.parseInt(part, 16)) : []);
  const before = read(head);
  const after = read(tail);
  return [...before, ...Array<number>(Math.max(0, 8 - before.length - after.length)).fill(0), ...after];
}
