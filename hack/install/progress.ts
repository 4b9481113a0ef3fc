/** Tells what a step is doing right now; each call replaces what the last one said. */
export type Say = (what: string) => void;

const CLEAR_LINE = '\r\x1b[2K';

/** Shows steps one after another: one line each, live on a terminal, in a log only when there is something new. */
export async function step<T>(title: string, work: (say: Say) => Promise<T>): Promise<T> {
  const started = Date.now();
  const seconds = (): string => `${((Date.now() - started) / 1000).toFixed(1)} s`;
  let doing = '';
  let told = '';
  let toldAt = started;
  const show = (): void => {
    if (process.stdout.isTTY) process.stdout.write(`${CLEAR_LINE}▸ ${fit(`${title} (${seconds()})  ${doing}`)}`);
    else if (doing !== told && Date.now() - toldAt >= 2000) {
      console.log(`    ${seconds()}  ${doing}`);
      [told, toldAt] = [doing, Date.now()];
    }
  };
  if (!process.stdout.isTTY) console.log(`▸ ${title}`);
  const timer = setInterval(show, 500);
  try {
    show();
    const result = await work((what) => {
      doing = what.replaceAll(/\s+/g, ' ').trim();
      show();
    });
    finish(`✓ ${title} (${seconds()})`);
    return result;
  } catch (error) {
    finish(`✗ ${title} (${seconds()})`);
    throw error;
  } finally {
    clearInterval(timer);
  }
}

const fit = (line: string): string => line.slice(0, Math.max(20, (process.stdout.columns || 80) - 3));

const finish = (line: string): void => {
  process.stdout.write(process.stdout.isTTY ? `${CLEAR_LINE}${line}\n` : `${line}\n`);
};
