import { describe, expect, test } from '@jest/globals';
import { parseByteSize } from './byte-size.ts';
import { serveHelp } from './serve-flags.ts';
import { serveSettings } from './serve-settings.ts';
import { UsageError } from './usage-error.ts';

const ONE = ['--model', 'm', '--model-dir', '/models/m'];
const FOLDER = ['--models-dir', '/models'];

test.each<{ args: string[]; gives: Partial<ReturnType<typeof serveSettings>> }>([
  {
    args: ONE,
    gives: {
      source: { kind: 'one', model: 'm', directory: '/models/m' },
      httpPort: 8080,
      grpcPort: 8081,
      metricsPort: 9090,
    },
  },
  {
    args: FOLDER,
    gives: {
      source: { kind: 'folder', directory: '/models' },
      control: 'none',
      isolation: 'process',
      repositoryApi: false,
    },
  },
  {
    args: [...ONE, '--grpc-port', 'off', '--metrics-port', 'off', '--http-port', '0'],
    gives: { grpcPort: undefined, metricsPort: undefined, httpPort: 0 },
  },
  {
    args: [...ONE, '--max-body-bytes', '16Mi', '--max-model-memory', '1.5Gi'],
    gives: { maxBodyBytes: 2 ** 24, maxModelMemory: 1.5 * 2 ** 30 },
  },
  { args: [...ONE, '--max-body-bytes', '67108864'], gives: { maxBodyBytes: 67_108_864 } },
  { args: [...ONE, '--providers', 'cuda, cpu'], gives: { providers: ['cuda', 'cpu'] } },
  {
    args: [...FOLDER, '--model-control', 'explicit', '--load-model', 'a', '--load-model', 'b', '--repository-api'],
    gives: { control: 'explicit', loadModels: ['a', 'b'], repositoryApi: true },
  },
  { args: [...ONE, '--tls-cert', 'c', '--tls-key', 'k'], gives: { tls: { certFile: 'c', keyFile: 'k' } } },
  {
    args: [...ONE, '--strict-readiness', 'false', '--instances', '2'],
    gives: { strictReadiness: false, instances: 2 },
  },
])('$args', ({ args, gives }) => {
  expect(serveSettings(args)).toMatchObject(gives);
});

describe('wrong use says what to write', () => {
  test.each<{ args: string[]; says: string }>([
    { args: [], says: '--models-dir DIR, or --model NAME' },
    { args: ['--model', 'm'], says: '--model-dir' },
    { args: [...ONE, ...FOLDER], says: 'leave --model and --model-dir out' },
    { args: ['--model', '../m', '--model-dir', 'd'], says: '--model is "../m"' },
    { args: ['--model', '', '--model-dir', 'd'], says: '--model is ""' },
    { args: [...ONE, '--http-port', '70000'], says: '--http-port is "70000"; write a port from 0 to 65535' },
    { args: [...ONE, '--http-port', '80.5'], says: '--http-port is "80.5"' },
    { args: [...ONE, '--http-port=-1'], says: '--http-port is "-1"' },
    { args: [...ONE, '--http-port', 'off'], says: '--http-port is "off"' },
    { args: [...ONE, '--threads', '0'], says: '--threads is "0", not a whole number of 1 or more' },
    { args: [...ONE, '--instances', '1.5'], says: '--instances is "1.5"' },
    { args: [...ONE, '--drain-seconds', 'NaN'], says: '--drain-seconds is "NaN"' },
    { args: [...ONE, '--drain-seconds', ''], says: '--drain-seconds is ""' },
    { args: [...ONE, '--max-body-bytes', '0'], says: '--max-body-bytes is "0"; write a size such as 512Mi' },
    { args: [...ONE, '--max-body-bytes', '5 apples'], says: '--max-body-bytes is "5 apples"' },
    { args: [...ONE, '--isolation', 'thread'], says: '--isolation is "thread"; write one of process, none' },
    { args: [...ONE, '--model-control', 'x'], says: 'none, poll, explicit, on-demand' },
    { args: [...ONE, '--tls-cert', 'c'], says: '--tls-cert and --tls-key belong together' },
    { args: [...ONE, '--nonsense'], says: '--nonsense' },
    { args: [...ONE, 'more'], says: 'more' },
    { args: [...ONE, '--version-policy', 'newest'], says: '--version-policy is "newest"' },
  ])('$args', ({ args, says }) => {
    expect(() => serveSettings(args)).toThrow(UsageError);
    expect(() => serveSettings(args)).toThrow(says);
  });
});

test('help names every flag', () => {
  expect(serveHelp()).toMatch(/--model NAME[\s\S]*--max-connections N[\s\S]*--notice-seconds N/);
});

test.each([
  ['1', 1],
  ['1k', 1000],
  ['1Ki', 1024],
  ['1.5Gi', 1.5 * 2 ** 30],
  ['2T', 2e12],
  ['', undefined],
  ['Mi', undefined],
  ['1KiB', undefined],
  ['-1', undefined],
  ['1e6', undefined],
  ['9'.repeat(30), undefined],
])('the size %j is %j', (text, bytes) => {
  expect(parseByteSize(text)).toBe(bytes);
});
