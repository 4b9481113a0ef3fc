import { join } from 'node:path';
import { PROJECT } from '../install/programs.ts';

/** How the outcome of a step is counted: by exit code as one check, or from what a test runner reports or prints. */
type Counting = 'check' | 'jest' | 'go' | 'lines';

/** One step of `npm test`. */
export interface Step {
  name: string;
  /** Steps can be chosen by this name too. */
  group:
    'setup' | 'static' | 'unit' | 'library' | 'clients' | 'python' | 'toolkit' | 'chart' | 'gitops' | 'api' | 'e2e';
  command: readonly string[];
  env?: NodeJS.ProcessEnv;
  counting: Counting;
  /** Steps of the same run that have to succeed before. */
  after: readonly string[];
  /** Runs while nothing else does: it measures time or needs the machine. */
  alone?: boolean;
  /** Where a step only makes sense together with one that ran before. */
  onlyAfter?: string;
}

const local = (file: string): string => join(PROJECT, 'hack', 'local-cluster', file);
const JEST = { NODE_OPTIONS: '--experimental-vm-modules --disable-warning=ExperimentalWarning' };

const check = (name: string, ...command: string[]): Step => ({
  name,
  group: 'static',
  command,
  counting: 'check',
  after: [],
});

const jest = (group: Step['group'], args: readonly string[], { after }: Pick<Step, 'after'>): Step => ({
  name: group,
  group,
  command: ['jest', ...args],
  env: { ...JEST, AIMASS_TESTS: group === 'api' ? 'api' : 'unit' },
  counting: 'jest',
  after,
});

const goTest = ['go', '-C', 'gitops/check', 'test', '-json', '-count=1', './...'];

/** All steps, in the order in which they start when nothing holds them up. */
export function allSteps({ statusFolder, forwarded }: { statusFolder: string; forwarded: readonly string[] }): Step[] {
  return [
    // First, and beside the checks: on a fresh machine it takes longer than all else.
    { name: 'programs', group: 'setup', command: [local('build.sh'), 'all'], counting: 'check', after: [] },
    { name: 'test programs', group: 'setup', command: [local('build.sh'), 'tests'], counting: 'check', after: [] },
    check('types', 'tsc'),
    check('lint', 'oxlint', '--type-aware', '--deny-warnings', '.'),
    check('format', 'prettier', '--check', '.'),
    check('dead code', 'knip'),
    check('generated files', 'node', 'hack/generate.ts', '--check'),
    check('shell scripts', 'bash', '-c', 'for file in $(git ls-files "*.sh"); do bash -n "$file" || exit 1; done'),
    jest(
      'unit',
      ['--testPathIgnorePatterns', '/node_modules/', '\\.api\\.test\\.ts$', '/charts/tests/', ...forwarded],
      { after: ['test programs'] },
    ),
    {
      name: 'models are reproducible',
      group: 'library',
      command: ['python3', 'library/train/train.py', '--check'],
      counting: 'check',
      after: [],
    },
    // The long ones first, so that none of them is left alone at the end. Some tests of Python ask a real API server.
    {
      name: 'python',
      group: 'python',
      command: ['bash', 'hack/python-test.sh'],
      counting: 'lines',
      after: ['programs'],
    },
    // In its own images, which the end-to-end tests use too.
    {
      name: 'toolkit',
      group: 'toolkit',
      command: ['bash', 'hack/toolkit-test.sh', '--image', 'all'],
      counting: 'lines',
      after: [],
    },
    { name: 'clients', group: 'clients', command: ['bash', 'hack/client-test.sh'], counting: 'lines', after: [] },
    { name: 'gitops', group: 'gitops', command: goTest, counting: 'go', after: [] },
    { ...check('helm lint', 'helm', 'lint', '--strict', 'charts/aimass'), group: 'chart', after: ['programs'] },
    jest('chart', ['charts/tests', ...forwarded], { after: ['programs'] }),
    ...clusterSteps(statusFolder, forwarded),
  ];
}

/** The steps that start API servers and clusters. They run one at a time, so that a full machine makes none of them late. */
function clusterSteps(statusFolder: string, forwarded: readonly string[]): Step[] {
  return [
    { ...jest('api', forwarded, { after: ['programs'] }), alone: true },
    {
      name: 'clusters side by side',
      group: 'e2e',
      command: [local('side-by-side.sh')],
      counting: 'check',
      after: ['programs'],
      alone: true,
    },
    {
      name: 'e2e',
      group: 'e2e',
      command: ['node', 'hack/e2e.ts', ...forwarded],
      env: { ...JEST, AIMASS_STATUS_FOLDER: statusFolder },
      counting: 'jest',
      after: ['programs', 'test programs'],
      alone: true,
    },
    {
      name: 'gitops, recorded statuses',
      group: 'gitops',
      command: goTest,
      env: { AIMASS_RECORDED_STATUSES: statusFolder },
      counting: 'go',
      after: ['e2e'],
      onlyAfter: 'e2e',
    },
  ];
}

/** The steps with these names or groups, with the set-up they need; all when none is named. */
export function chooseSteps(steps: readonly Step[], names: readonly string[]): Step[] {
  const unknown = names.filter((name) => !steps.some((step) => step.name === name || step.group === name));
  const groups = [...new Set(steps.map(({ group }) => group))].join(', ');
  if (unknown.length > 0) throw new Error(`there is no step ${unknown.join(', ')}; there are ${groups}`);
  if (names.length === 0) return [...steps];
  const named = steps.filter(({ name, group }) => names.includes(name) || names.includes(group));
  const possible = named.filter(
    ({ onlyAfter }) => onlyAfter === undefined || named.some(({ name }) => name === onlyAfter),
  );
  const needed = new Set(possible.flatMap(({ after }) => after));
  return steps.filter((step) => possible.includes(step) || (step.group === 'setup' && needed.has(step.name)));
}
