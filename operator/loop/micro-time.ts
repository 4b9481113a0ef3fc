/** A time as Kubernetes' MicroTime reads it: exactly six fractional digits; three, as of `toISOString`, are refused with 400. */
export const microTime = (epochMs: number): string => {
  const micros = Math.floor((epochMs - Math.floor(epochMs)) * 1000);
  return new Date(epochMs).toISOString().replace('Z', `${String(micros).padStart(3, '0')}Z`);
};
