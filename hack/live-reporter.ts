import { relative } from 'node:path';

interface TestCase {
  fullName: string;
  status: string;
  duration?: number | null;
  failureMessages: string[];
}

/** Tells each test as it ends: jest itself is silent until a whole file is done, which takes minutes end to end. */
export default class LiveReporter {
  onTestFileStart({ path }: { path: string }): void {
    process.stdout.write(`${relative(process.cwd(), path)}\n`);
  }

  onTestCaseResult(_file: unknown, { fullName, status, duration, failureMessages }: TestCase): void {
    const mark = { passed: '✓', failed: '✗' }[status] ?? '-';
    process.stdout.write(`  ${mark} ${fullName} (${((duration ?? 0) / 1000).toFixed(1)} s)\n`);
    for (const message of failureMessages) process.stdout.write(`${message.replaceAll(/^/gm, '      ')}\n`);
  }
}
