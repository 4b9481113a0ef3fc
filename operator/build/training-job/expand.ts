import type { Scalar } from '../../../crds/schema/training/program.ts';

const REFERENCE = /\$?\$\(parameters\.([^()\s]+)\)/g;

/** The text as Kubernetes will hand it over unchanged: `$(NAME)` in it would otherwise be taken for a variable. */
export const literal = (text: string): string => text.replaceAll('$', () => '$$');

/**
 * Puts parameters in for `$(parameters.NAME)`; `$$(parameters.NAME)` stays as it is, as in a Pod. A parameter that exists
 * only in some trials is empty in the others.
 */
export const expand = (text: string, parameters: Readonly<Record<string, Scalar>>): string =>
  text.replaceAll(REFERENCE, (whole, name: string) =>
    whole.startsWith('$$') ? whole : literal(String(parameters[name] ?? '')),
  );

/** Names of the parameters that a text asks for. */
export const referencesIn = (text: string): string[] =>
  [...text.matchAll(REFERENCE)].flatMap(([whole, name]) =>
    whole.startsWith('$$') || name === undefined ? [] : [name],
  );
