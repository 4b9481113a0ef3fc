const MULTIPLIERS: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

const QUANTITY = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)([numkMGTPE]?|[KMGTPE]i)$/;

/** The value of a Kubernetes quantity such as `1500m` or `2Gi`; undefined when it is none. */
export function parseQuantity(text: string | number): number | undefined {
  const match = QUANTITY.exec(String(text));
  const multiplier = MULTIPLIERS[match?.[2] ?? ''];
  return match === null || multiplier === undefined ? undefined : Number(match[1]) * multiplier;
}

/** Whether two quantities mean the same amount: the API server rewrites `1000m` as `1`. */
export function sameQuantity(left: string | number, right: string | number): boolean {
  const a = parseQuantity(left);
  const b = parseQuantity(right);
  if (a === undefined || b === undefined) return left === right;
  return Math.abs(a - b) <= Math.max(Math.abs(a), Math.abs(b)) * 1e-12;
}
