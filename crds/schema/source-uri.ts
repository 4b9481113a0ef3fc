import { z } from 'zod';
import type { Rule } from './rules.ts';
import { matchesRule, withRules } from './rules.ts';

const forScheme = (scheme: string, pattern: RegExp, message: string): Rule<string> => {
  const form = matchesRule(pattern, message);
  return {
    rule: `!self.startsWith('${scheme}://') || ${form.rule}`,
    message,
    holds: (uri) => !uri.startsWith(`${scheme}://`) || form.holds(uri),
  };
};

/** `https://`, `oci://`, `s3://`, `hf://` or `pvc://`, each in a form that can be fetched. */
export const sourceUri = withRules(
  z.string().max(2048),
  matchesRule(
    /^(https|oci|s3|hf|pvc):\/\/[^\s]+$/,
    'must begin with https://, oci://, s3://, hf:// or pvc:// and hold no spaces',
  ),
  forScheme(
    'https',
    /^https:\/\/[^/?#@]+\/[^#]+$/,
    'an https URI names a host and a file, as https://host/path/model.onnx; logins belong in spec.credentials',
  ),
  forScheme(
    'oci',
    /^oci:\/\/[^/?#@]+(\/[a-z0-9]+([._-]+[a-z0-9]+)*)+(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}|(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?@sha256:[a-f0-9]{64})$/,
    'an oci URI names a registry, a lower-case repository, and a tag or digest, as oci://registry/team/model:1.0 or oci://registry/team/model@sha256:…',
  ),
  forScheme(
    's3',
    /^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\/[^?#]+(\?(endpoint|region|versionId)=[^&#]+(&(endpoint|region|versionId)=[^&#]+)*)?$/,
    'an s3 URI names a bucket and a key or prefix, as s3://bucket/path/model.onnx or s3://bucket/prefix/, and may end in ?endpoint=…, region=… or versionId=… joined by &',
  ),
  forScheme(
    'hf',
    /^hf:\/\/[A-Za-z0-9][A-Za-z0-9._-]*\/[A-Za-z0-9][A-Za-z0-9._-]*(@(refs\/pr\/[0-9]+|[^/?#@]+))?(\/[^?#]+)?$/,
    'an hf URI names an owner and a repository, and may name a revision and a folder or file, as hf://owner/name or hf://owner/name@v1.0/onnx/model.onnx',
  ),
  forScheme(
    'pvc',
    /^pvc:\/\/[a-z0-9]([-a-z0-9.]*[a-z0-9])?(\/[^/]+)+$/,
    'a pvc URI names a claim and a file in it, as pvc://claim/path/model.onnx',
  ),
  {
    rule: "!self.startsWith('pvc://') || !self.matches(r'/[.]{1,2}(/|$)')",
    message: 'the path of a pvc URI may not hold . or .. steps',
    holds: (uri) => !uri.startsWith('pvc://') || !/\/[.]{1,2}(\/|$)/.test(uri),
  },
  {
    rule: "!(self.startsWith('s3://') || self.startsWith('hf://')) || !self.matches(r'/[.]{1,2}([/?]|$)')",
    message: 'the path of an s3 or hf URI may not hold . or .. steps',
    holds: (uri) => !/^(s3|hf):/.test(uri) || !/\/[.]{1,2}([/?]|$)/.test(uri),
  },
);
