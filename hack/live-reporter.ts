import { basename, relative } from 'node:path';

interface TestFile {
  path: string;
}
interface TestCase {
  fullName: string;
  status: string;
  duration?: number | null;
  failureMessages: string[];
}
interface FileResult {
  failureMessage?: string | null;
  perfStats: { runtime: number };
  testResults: { status: string }[];
}

/** The short name of a file, which each line about its tests begins with: several files run at a time. */
const nameOf = ({ path }: TestFile): string => basename(path).replace(/(\.alone)?\.e2e\.ts$/, '');
const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;
const indent = (text: string): string => text.trimEnd().replaceAll(/^/gm, '      ');
const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Tells each test as it ends: jest itself is silent until a whole file is done, which takes minutes end to end. */
export default class LiveReporter {
  onTestFileStart(file: TestFile): void {
    say(`▸ ${nameOf(file)} (${relative(process.cwd(), file.path)})`);
  }

  onTestCaseResult(file: TestFile, { fullName, status, duration, failureMessages }: TestCase): void {
    const mark = { passed: '✓', failed: '✗' }[status] ?? '-';
    say(`  ${mark} ${nameOf(file)}: ${fullName} (${seconds(duration ?? 0)})`);
    for (const message of failureMessages) say(indent(message));
  }

  onTestFileResult(file: TestFile, { failureMessage, perfStats, testResults }: FileResult): void {
    // What failed outside of the tests, as in afterAll, has been told nowhere yet.
    const isBroken = typeof failureMessage === 'string' && !testResults.some(({ status }) => status === 'failed');
    say(`${isBroken ? '✗' : '■'} ${nameOf(file)} is done (${seconds(perfStats.runtime)})`);
    if (isBroken) say(indent(failureMessage));
  }
}
