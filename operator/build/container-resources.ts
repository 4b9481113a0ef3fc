import { quantityValue } from '../../crds/schema/quantity.ts';

type Amounts = Readonly<Record<string, string | number>>;

/** Resources as a spec or the settings name them. */
export interface Amounted {
  requests?: Amounts | undefined;
  limits?: Amounts | undefined;
}

/** Resources of a container as a Pod carries them. */
export interface ContainerResources {
  requests: Record<string, string>;
  limits: Record<string, string>;
}

/** What the user names, and for the rest the platform's defaults, bent so that no request exceeds its limit. */
export function filledResources(resources: Amounted | undefined, defaults: Amounted): ContainerResources {
  const asked = { requests: resources?.requests ?? {}, limits: resources?.limits ?? {} };
  return {
    requests: fill(asked.requests, defaults.requests ?? {}, (name, amount) => smaller(amount, asked.limits[name])),
    limits: fill(asked.limits, defaults.limits ?? {}, (name, amount) => larger(amount, asked.requests[name])),
  };
}

const fill = (asked: Amounts, defaults: Amounts, bend: (name: string, amount: string | number) => string | number) =>
  Object.fromEntries([
    ...Object.entries(defaults).map(([name, amount]) => [name, String(bend(name, amount))] as const),
    ...Object.entries(asked).map(([name, amount]) => [name, String(amount)] as const),
  ]);

const smaller = (amount: string | number, bound: string | number | undefined): string | number =>
  bound !== undefined && quantityValue(bound) < quantityValue(amount) ? bound : amount;

const larger = (amount: string | number, bound: string | number | undefined): string | number =>
  bound !== undefined && quantityValue(bound) > quantityValue(amount) ? bound : amount;

/** The share of the resources that the fetch container also gets: everything but devices. */
export const withoutDevices = ({ requests, limits }: ContainerResources): ContainerResources => ({
  requests: withoutExtended(requests),
  limits: withoutExtended(limits),
});

const withoutExtended = (amounts: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(amounts).filter(([name]) => !name.includes('/')));
