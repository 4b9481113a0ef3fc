/** A host that webhooks may go to. */
export interface WebhookHost {
  /** Plain http is allowed for it. */
  isPlain: boolean;
  /** A name, an address, `*.domain` or `*`. */
  host: string;
  /** Absent: any port. */
  port: string | undefined;
}

const ENTRY =
  /^(http:\/\/|https:\/\/)?(\[[0-9a-f:.]+\]|\*|(?:\*\.)?[a-z0-9_](?:[a-z0-9._-]*[a-z0-9])?)(?::(\d{1,5}))?$/i;

/** Reads one entry of the list; undefined when it is none. */
export function parseWebhookHost(text: string): WebhookHost | undefined {
  const [, scheme, host, port] = ENTRY.exec(text) ?? [];
  return host === undefined
    ? undefined
    : { isPlain: scheme?.toLowerCase() === 'http://', host: host.toLowerCase(), port };
}
