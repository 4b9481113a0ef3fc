import { ModelFailure } from '../model-failure.ts';
import type { Login } from './credentials.ts';
import { authorizationOf } from './credentials.ts';
import type { HttpClient } from './http-client.ts';
import { describeHttpStatus } from './network-failure.ts';

/** What a registry asks for when it answers 401. */
export interface Challenge {
  scheme: 'bearer' | 'basic';
  parameters: Record<string, string>;
}

/** Reads a WWW-Authenticate header; undefined when it asks for something we do not know. */
export function parseChallenge(header: string | undefined): Challenge | undefined {
  const match = /^\s*(bearer|basic)\b\s*(.*)$/is.exec(header ?? '');
  if (match === null) return undefined;
  const scheme = match[1]?.toLowerCase() === 'bearer' ? 'bearer' : 'basic';
  const pairs = [...(match[2] ?? '').matchAll(/([a-z_]+)="([^"]*)"/gi)];
  return {
    scheme,
    parameters: Object.fromEntries(pairs.map(([, name, value]) => [name?.toLowerCase() ?? '', value ?? ''])),
  };
}

interface TokenRequest {
  http: HttpClient;
  challenge: Challenge;
  login: Login | undefined;
  allowPlainHttp: boolean;
  fallbackScope: string;
}

/** The Authorization header that answers a challenge, fetched from the token server when there is one. */
export async function answerChallenge(request: TokenRequest): Promise<string | undefined> {
  const { challenge, login } = request;
  if (challenge.scheme === 'basic') return login && authorizationOf(login);
  if (login && 'token' in login) return authorizationOf(login);
  const realm = tokenUrl(challenge, request.fallbackScope);
  const reply = await request.http.send(realm, {
    headers: login ? { authorization: authorizationOf(login) } : {},
    allowPlainHttp: request.allowPlainHttp,
  });
  const text = await reply.body.text();
  if (reply.status !== 200) throw describeHttpStatus(reply.status, `The token server ${realm.host}`);
  return `Bearer ${tokenIn(text, realm.host)}`;
}

function tokenUrl({ parameters }: Challenge, fallbackScope: string): URL {
  const realm = URL.parse(parameters['realm'] ?? '');
  if (realm === null) throw new ModelFailure('SourceRefused', 'The registry names no token server that can be read.');
  realm.searchParams.set('scope', parameters['scope'] ?? fallbackScope);
  if (parameters['service'] !== undefined) realm.searchParams.set('service', parameters['service']);
  return realm;
}

function tokenIn(text: string, host: string): string {
  try {
    const { token, access_token: accessToken } = JSON.parse(text) as { token?: unknown; access_token?: unknown };
    const found = token ?? accessToken;
    if (typeof found === 'string' && found !== '') return found;
  } catch {
    // Falls through: an answer without a token is the same failure, whatever it was.
  }
  throw new ModelFailure('SourceRefused', `The token server ${host} gave no token.`);
}
