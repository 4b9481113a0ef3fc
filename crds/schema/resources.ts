import { z } from 'zod';
import { quantity, quantityValue } from './quantity.ts';
import type { Rule } from './rules.ts';
import { withRules } from './rules.ts';

type Amounts = Record<string, string | number>;
interface Resources {
  requests?: Amounts | undefined;
  limits?: Amounts | undefined;
}

const amounts = withRules(z.record(z.string(), quantity), {
  rule: "self.all(k, k in ['cpu', 'memory', 'ephemeral-storage'] || k.startsWith('hugepages-') || k.contains('/'))",
  message:
    'resources are cpu, memory, ephemeral-storage, hugepages-SIZE, or extended resources such as vendor.example/device',
  holds: (value) =>
    Object.keys(value).every(
      (key) =>
        ['cpu', 'memory', 'ephemeral-storage'].includes(key) || key.startsWith('hugepages-') || key.includes('/'),
    ),
}).meta({ maxProperties: 16 });

const everyRequest = (value: Resources, holds: (name: string, request: number, limit: number | undefined) => boolean) =>
  Object.entries(value.requests ?? {}).every(([name, request]) => {
    const limit = value.limits?.[name];
    return holds(name, quantityValue(request), limit === undefined ? undefined : quantityValue(limit));
  });

const compare = (operator: string): string =>
  `quantity(string(self.requests[k])).compareTo(quantity(string(self.limits[k]))) ${operator} 0`;

const requestsWithinLimits: Rule<Resources> = {
  rule: `!has(self.requests) || !has(self.limits) || self.requests.all(k, !(k in self.limits) || ${compare('<=')})`,
  message: 'no request may be greater than the limit of the same resource',
  holds: (value) => everyRequest(value, (_name, request, limit) => limit === undefined || request <= limit),
};

// The API server demands this of pods; said here, the Deployment is not made first and its pods refused later.
const extendedResourcesAreLimits: Rule<Resources> = {
  rule: `!has(self.requests) || self.requests.all(k, !k.contains('/') || (has(self.limits) && k in self.limits && ${compare('==')}))`,
  message: 'an extended resource in requests must be in limits too, with the same amount',
  holds: (value) => everyRequest(value, (name, request, limit) => !name.includes('/') || request === limit),
};

/** CPU, memory and extended resources that a container asks for, as in a Pod. */
export const resources = withRules(
  z.strictObject({
    requests: amounts
      .optional()
      .describe('What the scheduler reserves, by resource name. Example: {cpu: 500m, memory: 512Mi}.'),
    limits: amounts
      .optional()
      .describe('What the container may use at most, by resource name. Example: {cpu: "2", memory: 1Gi}.'),
  }),
  requestsWithinLimits,
  extendedResourcesAreLimits,
);
