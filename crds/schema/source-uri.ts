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

/** `https://`, `oci://` or `pvc://`, each in a form that can be fetched. */
export const sourceUri = withRules(
  z.string().max(2048),
  matchesRule(/^(https|oci|pvc):\/\/[^\s]+$/, 'must begin with https://, oci:// or pvc:// and hold no spaces'),
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
    'pvc',
    /^pvc:\/\/[a-z0-9]([-a-z0-9.]*[a-z0-9])?(\/[^/]+)+$/,
    'a pvc URI names a claim and a file in it, as pvc://claim/path/model.onnx',
  ),
  {
    rule: "!self.startsWith('pvc://') || !self.matches(r'/[.]{1,2}(/|$)')",
    message: 'the path of a pvc URI may not hold . or .. steps',
    holds: (uri) => !uri.startsWith('pvc://') || !/\/[.]{1,2}(\/|$)/.test(uri),
  },
);
