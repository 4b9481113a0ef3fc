import { decodePath, refuseUri } from './refuse-uri.ts';

/** A model repository of the Hugging Face hub, or one folder or file of it. */
export interface HubUri {
  scheme: 'hf';
  /** owner/name */
  repository: string;
  /** A branch, a tag or a commit; `main` when the URI names none. */
  revision: string;
  /** Folder or .onnx file inside the repository; empty for all of it. */
  path: string;
}

const NAME = '[A-Za-z0-9][A-Za-z0-9._-]*';
const HUB = new RegExp(`^hf://(${NAME}/${NAME})(?:@(refs/pr/\\d+|[^/?#@]+))?(?:/([^?#]+))?$`);

/** Takes an hf URI apart. */
export function parseHub(uri: string): HubUri {
  const [, repository, written, rest] = HUB.exec(uri) ?? [];
  const revision = decodePath(written ?? 'main');
  const path = decodePath(rest?.replace(/\/$/, '') ?? '');
  if (repository === undefined || !revision || path === undefined || path.startsWith('/')) {
    throw refuseUri(
      uri,
      'Write hf://owner/name, hf://owner/name@revision or hf://owner/name@revision/path/model.onnx.',
    );
  }
  return { scheme: 'hf', repository, revision, path };
}
