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
  api: { testMatch: ['**/*.api.test.ts'], testTimeout: 120_000, maxWorkers: 1 },
  e2e: { testMatch: ['<rootDir>/e2e/**/*.e2e.ts'], testTimeout: 600_000, maxWorkers: 1 },
};

export default { ...base, ...(patterns[process.env.AIMASS_TESTS ?? 'unit'] ?? patterns.unit) };
