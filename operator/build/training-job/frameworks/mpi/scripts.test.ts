import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { LAUNCH, SSH } from './scripts.ts';

interface Ended {
  code: number | null;
  out: string;
  err: string;
}

let root: string;
let started: ChildProcess[];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'aimass-launch-'));
  started = [];
  mkdirSync(join(root, 'bin'));
  writeFileSync(join(root, 'launch'), LAUNCH);
  writeFileSync(join(root, 'bin', 'ssh'), SSH, { mode: 0o755 });
});
afterEach(async () => {
  for (const child of started.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  rmSync(root, { recursive: true });
});

/** The container of a worker: the launcher runs the command in it. */
function worker(index: number, command: string): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn('/bin/sh', [join(root, 'launch'), 'sh', '-c', command], {
    cwd: root,
    env: {
      PATH: process.env.PATH,
      AIMASS_ROOT: root,
      AIMASS_LAUNCH: 'digits-r1-train-1',
      AIMASS_WORKER_INDEX: String(index),
      AIMASS_WORKER_HOSTS: 'w-0.workers,w-1.workers,w-2.workers',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.push(child);
  const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { child, ended: ended.then(([out, err, [code]]) => ({ code: code as number | null, out, err })) };
}

/** What becomes of all three workers when worker 0 runs this; the others must not run it. */
async function run(command: string): Promise<{ first: Ended; others: Ended[] }> {
  const [first, ...others] = [0, 1, 2].map((index) => worker(index, command).ended);
  return { first: await (first as Promise<Ended>), others: await Promise.all(others) };
}

test('programs run on the worker that is named, with its environment; words and quotes are kept', async () => {
  const { first, others } = await run(
    `ssh -x -o BatchMode=yes w-1 'echo "worker  $AIMASS_WORKER_INDEX"'; ssh user@w-2.workers -p 22 echo '$AIMASS_WORKER_INDEX' '>&2'`,
  );
  expect(first).toEqual({ code: 0, out: 'worker  1\n', err: '2\n' });
  expect(others).toEqual([
    { code: 0, out: '', err: '' },
    { code: 0, out: '', err: '' },
  ]);
});

test('what a program prints comes while it runs, and its exit code at its end', async () => {
  const release = join(root, 'release');
  const first = worker(0, `ssh w-1 'echo begun; until [ -e ${release} ]; do sleep 0.1; done; echo done; exit 7'`);
  const other = worker(1, 'false');
  const [said] = (await once(first.child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  expect(String(said)).toBe('begun\n');
  writeFileSync(release, '');
  expect(await first.ended).toEqual({ code: 7, out: 'begun\ndone\n', err: '' });
  expect((await other.ended).code).toBe(0);
});

test('many bytes come whole, from several programs at the same time', async () => {
  const { first } = await run(
    `ssh w-1 seq 1 200000 > one & ssh w-2 seq 1 200000 > two & wait; cksum < one; cksum < two`,
  );
  const [one, two] = first.out.trim().split('\n');
  expect(one).toBe(two);
  expect(readFileSync(join(root, 'one'), 'utf8').trimEnd().split('\n')).toHaveLength(200_000);
});

test('a program whose caller is ended is ended too', async () => {
  const first = worker(
    0,
    `ssh w-1 'echo $$ > pid; exec sleep 600' & until [ -s pid ]; do sleep 0.1; done; kill $!; wait $!`,
  );
  const other = worker(1, 'false');
  await first.ended;
  await other.ended;
  const pid = Number(readFileSync(join(root, 'pid'), 'utf8'));
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
});

test('a worker that is ended ends what it runs', async () => {
  const first = worker(0, `ssh w-1 'echo $$ > pid; echo begun; exec sleep 600'`);
  const other = worker(1, 'false');
  await once(first.child.stdout as NodeJS.ReadableStream, 'data');
  other.child.kill('SIGTERM');
  expect((await other.ended).code).toBe(143);
  const pid = Number(readFileSync(join(root, 'pid'), 'utf8'));
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  first.child.kill('SIGTERM');
  expect((await first.ended).code).toBe(143);
});

test.each([
  { name: 'an unknown host', command: 'ssh elsewhere true', says: 'there is no worker elsewhere; the workers are w-0' },
  { name: 'no command', command: 'ssh w-1', says: 'no command is given for w-1' },
  { name: 'no host', command: 'ssh -x', says: 'no host is given' },
])('$name is refused', async ({ command, says }) => {
  const { first } = await run(command);
  expect(first).toMatchObject({ code: 255, err: expect.stringContaining(says) });
});
