import path from 'node:path';
import { ModelFailure } from '../model-failure.ts';

const MAX_NAME_LENGTH = 512;

/** The path of a file inside an artifact when it stays inside it; anything else is refused by name. */
export function safeRelativePath(name: string): string {
  const parts = name.replace(/^(\.\/)+/, '').split('/');
  const isBad =
    name === '' ||
    name.length > MAX_NAME_LENGTH ||
    name.includes('\\') ||
    // oxlint-disable-next-line no-control-regex -- control characters are what is refused
    /[\u0000-\u001f\u007f]/.test(name) ||
    path.isAbsolute(name) ||
    parts.some((part) => part === '' || part === '.' || part === '..');
  if (isBad) {
    throw new ModelFailure(
      'ArtifactInvalid',
      `The artifact holds a file named ${JSON.stringify(name.slice(0, 100))}, which does not stay inside the artifact. Pack it again with plain relative names.`,
    );
  }
  return parts.join('/');
}
