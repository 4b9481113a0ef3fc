import { stripVTControlCharacters } from 'node:util';

/** A failed test, and what was said of it where the runner tells. */
export interface Failure {
  name: string;
  why?: string;
}

/** How many tests passed and failed. */
export interface Count {
  passed: number;
  failed: number;
  skipped: number;
  failures: Failure[];
}

interface JestReport {
  testResults: {
    name: string;
    message: string;
    status: string;
    assertionResults: { status: string; fullName: string; failureMessages?: string[] }[];
  }[];
}

/** Counts a report of `jest --json`. A file that could not be run at all is one failure. */
export function countJest(report: string): Count {
  const { testResults } = JSON.parse(report) as JestReport;
  const count: Count = { passed: 0, failed: 0, skipped: 0, failures: [] };
  for (const file of testResults) {
    for (const { status, fullName, failureMessages = [] } of file.assertionResults) {
      if (status === 'passed') count.passed++;
      else if (status === 'failed') fail(count, `${file.name}: ${fullName}`, failureMessages.join('\n'));
      else count.skipped++;
    }
    const broken = file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed');
    if (broken) fail(count, `${file.name}: outside of its tests`, file.message);
  }
  return count;
}

interface GoEvent {
  Action: string;
  Package?: string;
  Test?: string;
  Output?: string;
}

/** Counts the events of `go test -json`. A package that does not compile is one failure. */
export function countGo(output: string): Count {
  const events = output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as GoEvent);
  const count: Count = { passed: 0, failed: 0, skipped: 0, failures: [] };
  const said = (test: GoEvent): string =>
    events
      .filter(({ Package, Test }) => Package === test.Package && Test === test.Test)
      .map(({ Output = '' }) => Output)
      .join('');
  for (const event of events.filter(({ Test }) => Test !== undefined)) {
    const { Action, Package = '', Test } = event;
    if (Action === 'pass') count.passed++;
    else if (Action === 'skip') count.skipped++;
    else if (Action === 'fail') fail(count, `${Package} ${Test}`, said(event));
  }
  const brokenPackages = events.filter(({ Action, Test }) => Action === 'fail' && Test === undefined);
  if (count.failed === 0) for (const { Package = '' } of brokenPackages) fail(count, Package);
  return count;
}

/** Counts what a runner says in lines "N passed, N failed"; undefined where there is none. pytest names what failed. */
export function countLines(output: string): Count | undefined {
  const totals = [...output.matchAll(/^(\d+) passed, (\d+) failed$/gm)];
  if (totals.length === 0) return undefined;
  const sum = (numbers: readonly (string | undefined)[]): number =>
    numbers.reduce((all, number) => all + Number(number), 0);
  return {
    passed: sum(totals.map(([, passed]) => passed)),
    failed: sum(totals.map(([, , failed]) => failed)),
    skipped: sum([...output.matchAll(/^(\d+) tests were not run/gm)].map(([, skipped]) => skipped)),
    failures: [...output.matchAll(/^(?:FAILED|ERROR|✗) (.+)$/gm)].map(([, name = '']) => ({ name })),
  };
}

function fail(count: Count, name: string, said = ''): void {
  const why = stripVTControlCharacters(said)
    .replaceAll(/^\s*\n/gm, '')
    .trimEnd();
  count.failed++;
  count.failures.push({ name, ...(why !== '' && { why }) });
}

/** The sum of counts. */
export const sumCounts = (counts: readonly Count[]): Count => ({
  passed: counts.reduce((sum, { passed }) => sum + passed, 0),
  failed: counts.reduce((sum, { failed }) => sum + failed, 0),
  skipped: counts.reduce((sum, { skipped }) => sum + skipped, 0),
  failures: counts.flatMap(({ failures }) => failures),
});
