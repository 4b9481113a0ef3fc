/** Unit tests beside the code; `*.api.test.ts` need a real API server, `*.e2e.ts` a real cluster (see CONTRIBUTING.md). */
const base = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { target: 'es2024', parser: { syntax: 'typescript' }, experimental: { keepImportAttributes: true } },
        module: { type: 'es6' },
      },
    ],
  },
  modulePathIgnorePatterns: ['<rootDir>/dist'],
};

const patterns = {
  unit: { testMatch: ['**/*.test.ts'], testPathIgnorePatterns: ['/node_modules/', '\\.api\\.test\\.ts$'] },
  api: { testMatch: ['**/*.api.test.ts'], testTimeout: 120_000, maxWorkers: 2 },
  // Given a limit, jest starts workers even where all of the last run was quick, as it is when each test fails at once.
  e2e: {
    projects: endToEnd(),
    testSequencer: '<rootDir>/hack/testing/long-files-first.js',
    testTimeout: 600_000,
    maxWorkers: 3,
    workerIdleMemoryLimit: '1GB',
  },
};

/** Files side by side: most of their time they wait. Those that disturb the whole cluster (`*.alone.e2e.ts`) run one by one. */
function endToEnd() {
  const alone = '\\.alone\\.e2e\\.ts$';
  return [
    {
      ...base,
      displayName: 'side by side',
      testMatch: ['<rootDir>/e2e/**/*.e2e.ts'],
      testPathIgnorePatterns: [alone],
    },
    {
      ...base,
      displayName: 'alone',
      testMatch: ['<rootDir>/e2e/**/*.alone.e2e.ts'],
      runner: '<rootDir>/hack/testing/serial-runner.js',
    },
  ];
}

export default { ...base, ...(patterns[process.env.AIMASS_TESTS ?? 'unit'] ?? patterns.unit) };
