import { expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AuditLog } from './audit-log.ts';

const USER = 'system:serviceaccount:aimass-system:aimass-operator';
const line = (verb: string, objectRef: object, extra: object = {}) =>
  `${JSON.stringify({ verb, user: { username: USER }, objectRef, requestReceivedTimestamp: '2026-01-01T00:00:01.500000Z', responseStatus: { code: 200 }, ...extra })}\n`;

test('requests of the user are counted by verb and resource; Leases and watches apart; others not at all', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'aimass-audit-'));
  try {
    const path = join(folder, 'audit.log');
    const earlier = line('create', { resource: 'services' });
    const cutOff = line('delete', { resource: 'services' }).slice(0, 40);
    const lines = [
      line('patch', { resource: 'deployments' }),
      line('patch', { resource: 'models', subresource: 'status' }, { responseStatus: { code: 409 } }),
      line('list', { resource: 'models' }),
      line('get', { resource: 'pods', subresource: 'log' }, { stage: 'ResponseStarted' }),
      line('get', { resource: 'pods', subresource: 'log' }, { stage: 'ResponseComplete' }),
      line('watch', { resource: 'models' }),
      line('update', { resource: 'leases' }),
      line('patch', { resource: 'deployments' }, { user: { username: 'admin' }, impersonatedUser: USER }),
    ];
    writeFileSync(path, earlier + lines.join('') + cutOff);
    const counted = await new AuditLog(path, USER).since(earlier.length);
    expect({ ...counted, byKind: Object.fromEntries(counted.byKind) }).toEqual({
      byKind: { 'patch deployments': 1, 'patch models/status': 1, 'list models': 1, 'get pods/log': 1 },
      writes: 2,
      reads: 2,
      watches: 1,
      leases: 1,
      refused: 1,
      lastWorkAt: Date.parse('2026-01-01T00:00:01.500Z'),
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a log that does not exist yet holds nothing', async () => {
  const log = new AuditLog('/nonexistent/audit.log', USER);
  expect(log.position()).toBe(0);
  expect((await log.since(0)).writes).toBe(0);
});
