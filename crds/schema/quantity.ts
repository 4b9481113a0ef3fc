import { z } from 'zod';
import { withRules } from './rules.ts';

const PATTERN = /^[0-9]+(\.[0-9]+)?(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?$/;
const PARTS = /^([0-9.]+)(.*)$/;

const FACTORS: Readonly<Record<string, number>> = {
  '': 1,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
};

/** The number that a quantity stands for: `500m` is 0.5 and `1Ki` is 1024; NaN when it is none. */
export const quantityValue = (text: string | number): number => {
  const [, digits = '', suffix = ''] = PARTS.exec(String(text)) ?? [];
  return digits === '' ? Number.NaN : Number(digits) * (FACTORS[suffix] ?? Number.NaN);
};

const MAX_LENGTH = 32;

const MESSAGE = 'must be a quantity such as 500m, 2 or 512Mi';

/** A Kubernetes quantity such as `500m`, `512Mi` or `2`; rendered as int-or-string. */
export const quantity = z
  .union([z.string().max(MAX_LENGTH).regex(PATTERN, MESSAGE), z.int32().min(0)], { error: MESSAGE })
  .meta({ 'x-kubernetes-int-or-string': true, pattern: PATTERN.source, maxLength: MAX_LENGTH, minimum: 0 });

/** A quantity that is more than nothing. */
export const positiveQuantity = withRules(quantity, {
  rule: "type(self) == int ? self > 0 : !isQuantity(self) || quantity(self).isGreaterThan(quantity('0'))",
  message: 'must be more than 0',
  holds: (value) => quantityValue(value) !== 0, // what is no quantity at all is refused by the pattern
});
