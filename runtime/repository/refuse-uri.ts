import { ModelFailure } from '../model-failure.ts';

/** A login inside a URI would end up in logs and conditions. */
const withoutLogin = (uri: string) => uri.replace(/\/\/[^/@]*@/, '//…@');

/** Says that a source URI cannot be used, and what to write instead. */
export const refuseUri = (uri: string, remedy: string): ModelFailure =>
  new ModelFailure('SourceRefused', `spec.source.uri "${withoutLogin(uri)}" cannot be used. ${remedy}`);

/** Decodes %XX in a part of a URI; undefined when it cannot be decoded, or would hold a step out of its folder. */
export function decodePath(text: string): string | undefined {
  let path: string;
  try {
    path = decodeURIComponent(text);
  } catch {
    return undefined;
  }
  return path.split('/').some((step) => step === '.' || step === '..') || path.includes('\0') ? undefined : path;
}
