import { createHmac } from 'node:crypto';

const PREFIX = 'whsec_';
const MIN_BYTES = 24;
const MAX_BYTES = 64;

/** Reads a secret as Standard Webhooks writes it: `whsec_` and the key in base64; undefined when it is none. */
export function parseWebhookSecret(text: string): Buffer | undefined {
  const encoded = text.trim().replace(PREFIX, '');
  const isBase64 = text.trim().startsWith(PREFIX) && /^[A-Za-z0-9+/]+={0,2}$/.test(encoded);
  const key = Buffer.from(encoded, 'base64');
  return isBase64 && key.byteLength >= MIN_BYTES && key.byteLength <= MAX_BYTES ? key : undefined;
}

/** The headers that let a receiver check who sent a message, and that it is new. */
export function signWebhook(
  body: Uint8Array,
  { id, secret, nowMs }: { id: string; secret: Buffer; nowMs: number },
): Record<string, string> {
  const timestamp = String(Math.floor(nowMs / 1000));
  const signature = createHmac('sha256', secret).update(`${id}.${timestamp}.`).update(body).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
}
