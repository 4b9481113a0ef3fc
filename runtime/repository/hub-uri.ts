import { decodePath, refuseUri } from './refuse-uri.ts';

/** A repository of the Hugging Face hub, of a model or of a data set, or one folder or file of it. */
export interface HubUri {
  scheme: 'hf';
  /** What the hub keeps it as. */
  kind: HubKind;
  /** owner/name */
  repository: string;
  /** A branch, a tag or a commit; `main` when the URI names none. */
  revision: string;
  /** Folder or .onnx file inside the repository; empty for all of it. */
  path: string;
}

/** The two kinds of repositories that can be fetched from, as the hub's API names them. */
export type HubKind = 'models' | 'datasets';

const NAME = '[A-Za-z0-9][A-Za-z0-9._-]*';
const HUB = new RegExp(
  `^hf://(datasets/(?=${NAME}/[^/@]))?(${NAME}/${NAME})(?:@(refs/pr/\\d+|[^/?#@]+))?(?:/([^?#]+))?$`,
);

/** Takes an hf URI apart. */
export function parseHub(uri: string): HubUri {
  const [, isDataset, repository, written, rest] = HUB.exec(uri) ?? [];
  const revision = decodePath(written ?? 'main');
  const path = decodePath(rest?.replace(/\/$/, '') ?? '');
  if (repository === undefined || !revision || path === undefined || path.startsWith('/')) {
    throw refuseUri(
      uri,
      'Write hf://owner/name, hf://owner/name@revision or hf://owner/name@revision/path/model.onnx; for a data set hf://datasets/owner/name.',
    );
  }
  return { scheme: 'hf', kind: isDataset === undefined ? 'models' : 'datasets', repository, revision, path };
}
