import type { z } from 'zod';

/** A CEL rule that the API server checks at apply time; `rule` is true when the value is acceptable. */
export interface CelRule {
  rule: string;
  message: string;
}

/** A CEL rule and the same check in TypeScript, so that cdk8s refuses while it synthesises what the API server would refuse. */
export interface Rule<T> extends CelRule {
  holds: (value: T) => boolean;
}

/** The rules as the CRD carries them. */
export const celRules = <T>(rules: readonly Rule<T>[]): CelRule[] =>
  rules.map(({ rule, message }) => ({ rule, message }));

/** The schema with these rules: as CEL in the CRD, and as checks in zod. */
export const withRules = <S extends z.ZodType>(schema: S, ...rules: readonly Rule<z.output<S>>[]): S =>
  rules
    .reduce((checked, { holds, message }) => checked.refine(holds, { error: message }), schema)
    .meta({ 'x-kubernetes-validations': celRules(rules) });

/** A CEL rule that a text matches a pattern, for patterns that RE2 and JavaScript read alike. */
export const matchesRule = (pattern: RegExp, message: string): Rule<string> => ({
  rule: `self.matches(r'${pattern.source.replaceAll(String.raw`\/`, '/')}')`,
  message,
  holds: (value) => pattern.test(value),
});

/** Whether no name is given twice: what the API server checks of a list that is keyed by name. */
export const hasUniqueNames = (list: readonly { name: string }[]): boolean =>
  new Set(list.map(({ name }) => name)).size === list.length;
