const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Seconds of a duration such as `30s`, `5m`, `24h` or `7d`. */
export const durationSeconds = (duration: string): number =>
  parseInt(duration, 10) * (UNIT_SECONDS[duration.slice(-1)] ?? 0);
