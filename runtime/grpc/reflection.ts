import type { StreamHandler, StreamLink, StreamMethod } from './context.ts';
import type { DescribedFile } from './file-descriptors.ts';
import { describedFiles } from './file-descriptors.ts';
import { codec, root } from './messages.ts';
import { GrpcStatus } from './status.ts';

interface Question {
  host: string;
  message_request?: string;
  file_by_filename: string;
  file_containing_symbol: string;
}

const questions = codec<Question>('grpc.reflection.v1.ServerReflectionRequest');
const answers = codec('grpc.reflection.v1.ServerReflectionResponse');

const SERVICES = ['inference.GRPCInferenceService', 'grpc.health.v1.Health', 'grpc.reflection.v1.ServerReflection'];

/** Server reflection: tells tools such as grpcurl what can be called. */
export const serverReflection: StreamMethod = {
  kind: 'stream',
  name: 'ServerReflectionInfo',
  open: (link) => new Reflection(link),
};

class Reflection implements StreamHandler {
  readonly #link: StreamLink;
  #pending = 0;
  #hasEnded = false;

  constructor(link: StreamLink) {
    this.#link = link;
  }

  onMessage(bytes: Uint8Array): void {
    this.#pending += 1;
    void this.#answer(bytes);
  }

  onEnd(): void {
    this.#hasEnded = true;
    if (this.#pending === 0) this.#link.end();
  }

  onClose(): void {
    this.#hasEnded = false;
  }

  async #answer(bytes: Uint8Array): Promise<void> {
    try {
      const question = questions.decode(bytes);
      const answer = answerTo(question, await describedFiles());
      this.#link.send(answers.frame({ valid_host: question.host, original_request: question, ...answer }));
    } catch (error) {
      this.#link.end(error);
    }
    this.#pending -= 1;
    this.#link.done();
    if (this.#hasEnded && this.#pending === 0) this.#link.end();
  }
}

function answerTo(question: Question, files: readonly DescribedFile[]): object {
  switch (question.message_request ?? '') {
    case 'list_services':
      return { list_services_response: { service: SERVICES.map((name) => ({ name })) } };
    case 'file_by_filename':
      return toFile(
        files.find(({ name }) => name === question.file_by_filename),
        question.file_by_filename,
      );
    case 'file_containing_symbol':
      return toFile(findFile(files, question.file_containing_symbol), question.file_containing_symbol);
    default:
      return refusal(GrpcStatus.Unimplemented, 'This question is not answered: there are no extensions.');
  }
}

/** The file of a message, service or method; methods are looked for in their service. */
function findFile(files: readonly DescribedFile[], symbol: string): DescribedFile | undefined {
  const isKnown = root.lookup(symbol) !== null || root.lookup(symbol.slice(0, symbol.lastIndexOf('.'))) !== null;
  return isKnown ? files.find((file) => symbol.startsWith(`${file.package}.`)) : undefined;
}

const toFile = (file: DescribedFile | undefined, what: string): object =>
  file === undefined
    ? refusal(GrpcStatus.NotFound, `There is no ${JSON.stringify(what.slice(0, 200))} here.`)
    : { file_descriptor_response: { file_descriptor_proto: [file.bytes] } };

const refusal = (code: number, message: string): object => ({
  error_response: { error_code: code, error_message: message },
});
