import type { ModelReason } from '../../crds/schema/reasons.ts';
import { codeOf } from '../error-shape.ts';
import { ModelFailure } from '../model-failure.ts';
import type { PublishReason } from '../publish-failure.ts';
import { PublishFailure } from '../publish-failure.ts';
import type { HttpReply } from './http-client.ts';
import { headerOf } from './http-client.ts';
import { describeNetworkFailure } from './network-failure.ts';

/** What the CNCF registry says of its disk: ENOSPC, by its number. */
const NO_SPACE = /"Err":\s*28\b/;
const FULL = new RegExp(
  `quota|no space left|insufficient storage|storage limit|disk (is )?full|${NO_SPACE.source}`,
  'i',
);

/** What happened to a request, and what the registry said about it. */
export interface Answer {
  reply: HttpReply;
  text: string;
  /** Such as "the upload of model.onnx". */
  what: string;
}

const isBusy = (status: number) => status === 408 || status === 425 || status === 429 || status >= 500;

/** Says what an answer of a registry other than success means. */
export function describePushAnswer({ reply, text, what }: Answer): PublishFailure {
  const { status, url } = reply;
  const answered = `The registry ${url.host} answered ${what} with ${status}${saying(text)}.`;
  if (status === 401 || status === 403) {
    return new PublishFailure(
      FULL.test(text) ? 'RegistryFull' : 'RegistryForbidden',
      FULL.test(text) ? full(answered) : `${answered} Check spec.publish.credentials and what that login may write.`,
    );
  }
  if (status === 413 || status === 507 || FULL.test(text)) return new PublishFailure('RegistryFull', full(answered));
  if (isBusy(status))
    return new PublishFailure('RegistryUnreachable', `${answered} It is tried again.`, waitAfter(reply));
  return new PublishFailure('PublishFailed', `${answered} ${remedyOf(status)}`);
}

const full = (answered: string) =>
  `${answered} Make room in the registry, or raise its quota or its limit on the size of uploads. It is tried again.`;

function remedyOf(status: number): string {
  if (status === 405)
    return 'It takes no uploads, as a read-only registry does. Name one that does in spec.publish.to.';
  if (status === 404) return 'Create the repository or project there, or name another in spec.publish.to.';
  return 'Check spec.publish.to.';
}

/** The messages in the registry's list of errors, else the beginning of its answer. */
function saying(text: string): string {
  const words = NO_SPACE.test(text) ? 'no space left on its disk' : (messagesIn(text) ?? text);
  const plain = words
    // oxlint-disable-next-line no-control-regex -- control characters have no place in a condition
    .replace(/[\u0000-\u001f\u007f]+/g, ' ')
    .trim()
    .slice(0, 300);
  return plain === '' || plain.startsWith('<') ? '' : ` (${plain.replace(/\.$/, '')})`;
}

function messagesIn(text: string): string | undefined {
  try {
    const { errors } = JSON.parse(text) as { errors?: { message?: unknown }[] };
    const messages = errors?.map(({ message }) => message).filter((message) => typeof message === 'string');
    return messages?.join('; ');
  } catch {
    return undefined;
  }
}

function waitAfter(reply: HttpReply): { retryAfterMs?: number } {
  const seconds = Number(headerOf(reply, 'retry-after'));
  return Number.isFinite(seconds) && seconds > 0 ? { retryAfterMs: seconds * 1000 } : {};
}

const REASONS: Partial<Record<ModelReason, PublishReason>> = {
  SourceUnreachable: 'RegistryUnreachable',
  SourceTimeout: 'RegistryUnreachable',
  SourceForbidden: 'RegistryForbidden',
};

/** The words of fetching that are wrong for publishing. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/spec\.source\.caBundle/g, 'spec.publish.caBundle'],
  [/spec\.credentials/g, 'spec.publish.credentials'],
  [/may read\b/g, 'may write'],
  [/models come from public addresses only/g, 'models are published to public addresses only'],
  [
    /which is never read\. Give the address of the server that holds the model\./g,
    'which is never spoken to. Give the address of a registry.',
  ],
  [
    /Models are read over https only\./g,
    'Models are published over https only, but to registries in settings.insecureRegistries.',
  ],
];

/** Says what it means for publishing that a request to a registry failed. */
export function describePushFailure(error: unknown, registry: string): PublishFailure {
  if (error instanceof PublishFailure) return error;
  if (codeOf(error instanceof Error ? error.cause : undefined) === 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH') {
    return new PublishFailure('PublishFailed', 'A file changed while it was published. Publish when it is complete.', {
      cause: error,
    });
  }
  const { reason, message } = error instanceof ModelFailure ? error : describeNetworkFailure(error, registry);
  const words = WORDS.reduce((text, [pattern, better]) => text.replace(pattern, better), message);
  return new PublishFailure(REASONS[reason] ?? 'PublishFailed', words, { cause: error });
}
