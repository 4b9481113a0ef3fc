import type { S3ClientConfig } from '@aws-sdk/client-s3';
import { Readable } from 'node:stream';
import type { HttpClient, HttpReply } from './http-client.ts';
import { readBounded } from './read-bounded.ts';

/** A list of a thousand objects with the longest names that there are fits into this. */
const MAX_DESCRIPTION_BYTES = 8 * 1024 * 1024;

type Transport = NonNullable<S3ClientConfig['requestHandler']>;

/** What the AWS library asks its transport for. */
interface SignedRequest {
  method: string;
  protocol: string;
  hostname: string;
  port?: number | undefined;
  path: string;
  query?: Readonly<Record<string, string | string[] | null | undefined>>;
  headers: Record<string, string>;
}

/** As the signature spells it: URLSearchParams would write a space as "+". */
const escape = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);

function urlOf({ protocol, hostname, port, path, query = {} }: SignedRequest): URL {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value ?? '']).map((one) => `${escape(name)}=${escape(one)}`),
  );
  return new URL(
    `${protocol}//${hostname}${port === undefined ? '' : `:${port}`}${path}${pairs.length === 0 ? '' : `?${pairs.join('&')}`}`,
  );
}

/** The AWS library over our own HTTP client: its limits, its guard on addresses, and no redirect that is not looked at. */
export function s3Transport(http: HttpClient, insecureHosts: readonly string[]): Transport {
  const handle = async (request: SignedRequest) => {
    const url = urlOf(request);
    const reply = await http.send(url, {
      method: request.method === 'HEAD' ? 'HEAD' : 'GET',
      headers: request.headers,
      allowPlainHttp: insecureHosts.includes(url.host),
    });
    const isObject = (reply.status === 200 || reply.status === 206) && !url.searchParams.has('list-type');
    const body = isObject ? reply.body : Readable.from([await readBounded(reply, MAX_DESCRIPTION_BYTES)]);
    return { response: { statusCode: reply.status, headers: flatten(reply), body } };
  };
  return {
    handle,
    updateHttpClientConfig: () => {},
    httpHandlerConfigs: () => ({}),
  } as unknown as Transport;
}

const flatten = ({ headers }: HttpReply): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name.toLowerCase(), Array.isArray(value) ? value.join(', ') : value]],
    ),
  );
