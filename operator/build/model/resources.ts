import { quantityValue } from '../../../crds/schema/quantity.ts';
import type { Model } from '../../../crds/schema/model.ts';
import type { Settings } from '../../settings.ts';

type Amounts = Record<string, string>;

/** Resources of the verification pod: what the user names, else what the platform team set. */
export function verificationResources(model: Model, settings: Settings): { requests: Amounts; limits: Amounts } {
  const asked = model.spec.verification?.resources;
  const limits = merge(settings.verification.limits, asked?.limits);
  const requests = merge(settings.verification.requests, asked?.requests);
  return { requests: capped(requests, limits), limits };
}

const merge = (defaults: Amounts, asked: Readonly<Record<string, string | number>> = {}): Amounts => ({
  ...defaults,
  ...Object.fromEntries(Object.entries(asked).map(([name, amount]) => [name, String(amount)])),
});

/** A limit below the default request would be refused by the API server: the request follows the limit down. */
const capped = (requests: Amounts, limits: Amounts): Amounts =>
  Object.fromEntries(
    Object.entries(requests).map(([name, amount]) => {
      const limit = limits[name];
      return [name, limit !== undefined && quantityValue(limit) < quantityValue(amount) ? limit : amount];
    }),
  );
