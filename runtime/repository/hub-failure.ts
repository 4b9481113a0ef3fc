import { ModelFailure } from '../model-failure.ts';
import type { HttpReply } from './http-client.ts';
import { headerOf } from './http-client.ts';
import { describeHttpStatus } from './network-failure.ts';

/** What was asked of a hub when it refused. */
export interface HubQuestion {
  endpoint: URL;
  repository: string;
  revision: string;
  /** Repository, or repository and file. */
  what: string;
  hasToken: boolean;
}

type Sentence = (question: HubQuestion) => ModelFailure;

const gated: Sentence = ({ endpoint, repository, hasToken }) =>
  new ModelFailure(
    'SourceForbidden',
    `${repository} is gated. Accept its terms at ${endpoint.origin}/${repository}, and ${hasToken ? 'use a token of the account that accepted them' : "put that account's token into the Secret of spec.credentials, as token"}.`,
  );

const unknownRepository: Sentence = ({ endpoint, repository, hasToken }) =>
  new ModelFailure(
    'SourceNotFound',
    `${endpoint.host} has no repository "${repository}", or ${hasToken ? 'the token in spec.credentials may not see it' : 'it is private and spec.credentials is missing'}.`,
  );

const disabled: Sentence = ({ endpoint, repository }) =>
  new ModelFailure('SourceForbidden', `${endpoint.host} has disabled ${repository}. Name another model.`);

/** What the hub's X-Error-Code means for a model. */
const CODES: Readonly<Record<string, Sentence>> = {
  GatedRepo: gated,
  RepoNotFound: unknownRepository,
  RevisionNotFound: ({ repository, revision }) =>
    new ModelFailure('SourceNotFound', `${repository} has no branch, tag or commit "${revision}".`),
  EntryNotFound: ({ what }) => new ModelFailure('SourceNotFound', `There is no file ${what}.`),
};

/** Says what a hub's refusal means for the model. */
export function describeHubFailure(reply: HttpReply, question: HubQuestion): ModelFailure {
  const code = headerOf(reply, 'x-error-code') ?? '';
  const known = Object.hasOwn(CODES, code) ? CODES[code] : undefined;
  if (known !== undefined) return known(question);
  if (headerOf(reply, 'x-error-message') === 'Access to this resource is disabled.') return disabled(question);
  if (reply.status === 401 && question.hasToken) {
    return new ModelFailure(
      'SourceForbidden',
      `${question.endpoint.host} does not accept the token in spec.credentials. Renew it.`,
    );
  }
  // To those who may not see a repository the hub answers 401 as if it were not there.
  if (reply.status === 401) return unknownRepository(question);
  return describeHttpStatus(reply.status, `${question.endpoint.host}, asked for ${question.what},`);
}
