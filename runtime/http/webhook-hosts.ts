import { ApiError } from '../errors.ts';
import { messageOf } from '../error-shape.ts';
import { refuse, show } from '../protocol/v2-request.ts';
import { AddressPolicy } from '../repository/address-policy.ts';
import type { WebhookHost } from '../webhook-host.ts';

const MAX_URL = 2048;
const FIELD = 'Webhook-Url';

/** The hosts that the platform team lets webhooks go to; none unless they are listed. */
export class WebhookHosts {
  /** What may be connected to: what is listed by its own name or address may be private, what a pattern covers must be public. */
  readonly addresses: AddressPolicy;
  readonly #entries: readonly WebhookHost[];

  constructor(entries: readonly WebhookHost[]) {
    this.#entries = entries;
    const named = this.#entries.filter(({ host }) => !host.startsWith('*'));
    this.addresses = new AddressPolicy(named.map(({ host, port }) => (port === undefined ? host : `${host}:${port}`)));
  }

  /** True when some host is listed. */
  get isOpen(): boolean {
    return this.#entries.length > 0;
  }

  /** Reads the address of a webhook; says why it is refused. */
  check(text: string): URL {
    if (!this.isOpen)
      throw new ApiError(
        'Forbidden',
        `${FIELD} is set, but webhooks are off; ask for the job with GET, or have the platform team list the host in --webhook-hosts.`,
      );
    const url = text.length <= MAX_URL ? URL.parse(text) : null;
    if (url === null || !/^https?:$/.test(url.protocol))
      refuse(FIELD, `is ${show(text)}; send an https URL of at most ${MAX_URL} characters.`);
    if (url.username !== '' || url.password !== '') refuse(FIELD, 'holds a user or a password; leave them out.');
    const matching = this.#entries.filter((entry) => covers(entry, url));
    if (matching.length === 0)
      throw new ApiError(
        'Forbidden',
        `${FIELD} is at ${show(url.host)}, which is not listed; have the platform team list it in --webhook-hosts.`,
      );
    if (url.protocol === 'http:' && !matching.some(({ isPlain }) => isPlain))
      throw new ApiError(
        'Forbidden',
        `${FIELD} is http; send an https URL, or have the platform team list http://${url.host}.`,
      );
    this.#assertAddress(url);
    return url;
  }

  #assertAddress(url: URL): void {
    try {
      this.addresses.assertAllowedUrl(url);
    } catch (error) {
      throw new ApiError(
        'Forbidden',
        `${FIELD} is at ${show(url.hostname)}, a private or metadata-service address, which is reached only where it is listed itself in --webhook-hosts.`,
        { cause: messageOf(error) },
      );
    }
  }
}

function covers({ host, port }: WebhookHost, url: URL): boolean {
  const asked = url.port || (url.protocol === 'http:' ? '80' : '443');
  if (port !== undefined && port !== asked) return false;
  const name = url.hostname.replace(/\.$/, '');
  if (host === '*') return true;
  return host.startsWith('*.') ? name.endsWith(host.slice(1)) : name === host;
}
