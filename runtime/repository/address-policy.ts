import dns from 'node:dns';
import net from 'node:net';
import { ModelFailure } from '../model-failure.ts';
import { embeddedIpv4, isMetadataAddress, isPrivateAddress } from './address-ranges.ts';

/** A host that the platform team lets models come from although its address is private. */
interface Entry {
  matchesName: (host: string) => boolean;
  matchesAddress: (address: string) => boolean;
  /** Absent: any port. */
  port: string | undefined;
}

const ENTRY = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/;
const never = () => false;

const invalid = (entry: string) =>
  new ModelFailure(
    'SourceRefused',
    `settings.fetch.allowedPrivateHosts or settings.insecureRegistries holds "${entry}". Write a host, *.domain, an address or a range (10.0.0.0/8), each with :port when only one is meant, or *.`,
  );

function parseEntry(text: string): Entry {
  if (text === '*')
    return { matchesName: () => true, matchesAddress: (address) => !isMetadataAddress(address), port: undefined };
  if (text.includes('/')) return { matchesName: never, matchesAddress: inRange(text), port: undefined };
  const [, bracketed, name, port] = net.isIPv6(text) ? [text, text] : (ENTRY.exec(text) ?? []);
  const host = (bracketed ?? name)?.toLowerCase();
  if (host === undefined) throw invalid(text);
  if (net.isIP(host) !== 0) return { matchesName: never, matchesAddress: isAddress(host), port };
  if (!/^(\*\.)?[a-z0-9_]([a-z0-9._-]*[a-z0-9])?$/.test(host)) throw invalid(text);
  return { matchesName: matchesHost(host), matchesAddress: never, port };
}

const matchesHost = (pattern: string) => (host: string) =>
  pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) : host === pattern;

/** A metadata service is reached only when its very address is listed: no range and no name includes it. */
const isAddress = (wanted: string) => (address: string) => canonical(address) === canonical(wanted);

const canonical = (address: string) => {
  const bare = address.replace(/%.*$/, '');
  return embeddedIpv4(bare) ?? (net.isIPv6(bare) ? new URL(`http://[${bare}]`).hostname : bare);
};

function inRange(text: string): (address: string) => boolean {
  const [base = '', bits = ''] = text.split('/');
  const family = net.isIP(base);
  const size = Number(bits);
  if (family === 0 || !/^\d{1,3}$/.test(bits) || size > (family === 4 ? 32 : 128)) throw invalid(text);
  const range = new net.BlockList();
  range.addSubnet(base, size, family === 4 ? 'ipv4' : 'ipv6');
  return (address) => {
    const plain = canonical(address).replace(/^\[|\]$/g, '');
    return !isMetadataAddress(plain) && range.check(plain, net.isIPv6(plain) ? 'ipv6' : 'ipv4');
  };
}

const hostOf = (url: URL) => url.hostname.replace(/^\[|\]$/g, '');

/** The port that a URL leads to. */
export const portOf = (url: URL): string => url.port || (url.protocol === 'http:' ? '80' : '443');

/** Which addresses models may come from: public ones, and the private ones that the platform team lists. */
export class AddressPolicy {
  /** For tools that people run by hand: everything but metadata services. */
  static readonly trusting = new AddressPolicy(['*']);
  readonly #entries: readonly Entry[];

  /** Entries are hosts, `*.domain`, addresses, ranges or `*`; hosts and addresses may end in `:port`. */
  constructor(allowedPrivateHosts: readonly string[]) {
    this.#entries = allowedPrivateHosts.map(parseEntry);
  }

  /** Refuses a URL whose host is written as an address that models may not come from. */
  assertAllowedUrl(url: URL): void {
    const host = hostOf(url);
    if (net.isIP(host) === 0) return;
    const problem = this.#problemWith({ host, address: host, port: portOf(url) });
    if (problem !== undefined) throw problem;
  }

  /** Name lookup for connections to a port; refuses a name when any of its addresses may not be read. */
  lookupFor(port: string): net.LookupFunction {
    return (hostname, options, callback) => {
      dns.lookup(hostname, { ...options, all: true }, (error, addresses) => {
        if (error) return callback(error, '', 0);
        const host = hostname.toLowerCase().replace(/\.$/, '');
        const problems = addresses.map(({ address }) => this.#problemWith({ host, address, port }));
        const problem = problems.find((one) => one !== undefined);
        if (problem !== undefined) return callback(problem, '', 0);
        const [first] = addresses;
        if (first === undefined) return callback(new Error(`no address for ${hostname}`), '', 0);
        if (options.all === true) return callback(null, addresses);
        return callback(null, first.address, first.family);
      });
    };
  }

  #problemWith({ host, address, port }: { host: string; address: string; port: string }): ModelFailure | undefined {
    const entries = this.#entries.filter((entry) => entry.port === undefined || entry.port === port);
    const isListed = entries.some(({ matchesAddress }) => matchesAddress(address));
    if (isMetadataAddress(address)) return isListed ? undefined : metadataRefusal(host);
    if (!isPrivateAddress(address) || isListed) return undefined;
    return entries.some(({ matchesName }) => matchesName(host)) ? undefined : privateRefusal(host);
  }
}

const metadataRefusal = (host: string) =>
  new ModelFailure(
    'SourceRefused',
    `${host} is a link-local or metadata-service address, which is never read. Give the address of the server that holds the model.`,
  );

const privateRefusal = (host: string) =>
  new ModelFailure(
    'SourceRefused',
    `${host} has a private address, and models come from public addresses only. Use a public address, or ask the platform team to list ${host} in settings.fetch.allowedPrivateHosts.`,
  );
