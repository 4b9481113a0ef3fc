import { beforeEach, describe, expect, test } from '@jest/globals';
import { silentLogger } from '../telemetry/log.ts';
import { LeaderElector, type Lease, type LeaseClient } from './leader.ts';
import { FakeClock, settle } from './testing/fake-clock.ts';

/** One Lease that all candidates share, with resource versions as the API server keeps them. */
class LeaseBox {
  lease: Lease | undefined;
  #version = 0;

  client(gate: { isDown: boolean; isHung: boolean; until?: Promise<void> }): LeaseClient {
    const pass = async (): Promise<void> => {
      await gate.until;
      if (gate.isHung) await new Promise(() => undefined);
      if (gate.isDown) throw new Error('down');
    };
    return {
      get: async () => {
        await pass();
        return this.lease;
      },
      create: async (spec) => {
        await pass();
        if (this.lease !== undefined) throw new Error('exists');
        return this.#save({ metadata: { name: 'l', namespace: 'n' }, spec });
      },
      update: async (lease) => {
        await pass();
        if (this.lease?.metadata.resourceVersion !== lease.metadata.resourceVersion) throw new Error('conflict');
        return this.#save(lease);
      },
    };
  }

  #save(lease: Lease): Lease {
    this.#version += 1;
    this.lease = { ...lease, metadata: { ...lease.metadata, resourceVersion: String(this.#version) } };
    return this.lease;
  }
}

describe('LeaderElector', () => {
  let clock: FakeClock;
  let box: LeaseBox;
  let log: string[];
  beforeEach(() => {
    clock = new FakeClock();
    box = new LeaseBox();
    log = [];
  });

  const candidate = (identity: string) => {
    const gate: { isDown: boolean; isHung: boolean; until?: Promise<void> } = { isDown: false, isHung: false };
    const elector = new LeaderElector({
      client: box.client(gate),
      identity,
      leaseSeconds: 15,
      renewDeadlineSeconds: 10,
      retrySeconds: 2,
      clock,
      random: () => 0,
      log: silentLogger,
      onElected: () => void log.push(`${identity} elected`),
      onLost: (reason) => void log.push(`${identity} lost: ${reason}`),
    });
    return { gate, elector };
  };
  const startTwo = async () => {
    const [a, b] = [candidate('a'), candidate('b')];
    void a.elector.run();
    await settle();
    void b.elector.run();
    await clock.advance(30_000);
    return { a, b };
  };

  test('one leads, and keeps leading while it renews', async () => {
    const { a, b } = await startTwo();
    expect([log, a.elector.isLeader(), b.elector.isLeader()]).toEqual([['a elected'], true, false]);
  });

  test('a clean release hands over within one retry', async () => {
    const { a, b } = await startTwo();
    await a.elector.release();
    await clock.advance(2_000);
    expect(b.elector.isLeader()).toBe(true);
    expect(log).toEqual(['a elected', 'b elected']);
  });

  test.each([{ fault: 'isDown' as const }, { fault: 'isHung' as const }])(
    'a leader that cannot renew ($fault) is lost after 10 s, before the next may lead after 15 s',
    async ({ fault }) => {
      const { a, b } = await startTwo();
      a.gate[fault] = true;
      await clock.advance(10_000);
      expect(log).toEqual(['a elected', 'a lost: the Lease was not renewed in time']);
      expect(b.elector.isLeader()).toBe(false);
      await clock.advance(8_000);
      expect(log.at(-1)).toBe('b elected');
    },
  );

  test('a short outage costs nobody the lead', async () => {
    const { a } = await startTwo();
    a.gate.isDown = true;
    await clock.advance(7_000);
    a.gate.isDown = false;
    await clock.advance(30_000);
    expect(log).toEqual(['a elected']);
  });

  test('wall clocks that jump by ten minutes change nothing', async () => {
    await startTwo();
    clock.jumpWall(600_000);
    await clock.advance(20_000);
    clock.jumpWall(-1_200_000);
    await clock.advance(20_000);
    expect(log).toEqual(['a elected']);
  });

  test('a process that was stopped does not lead for a moment when it goes on, even before any timer ran', async () => {
    const { a } = await startTwo();
    expect(a.elector.isLeader()).toBe(true);
    const frozen = clock.monotonic;
    clock.monotonic = () => frozen() + 60_000;
    expect(a.elector.isLeader()).toBe(false);
  });

  test('a renewal that is answered after the deadline, before any timer ran, does not bring the lead back', async () => {
    const { a } = await startTwo();
    let answer: () => void = () => undefined;
    a.gate.until = new Promise((resolve) => (answer = resolve));
    await clock.advance(2_000);
    const frozen = clock.monotonic;
    clock.monotonic = () => frozen() + 60_000;
    answer();
    await settle();
    expect(log).toEqual(['a elected', 'a lost: the renewal came too late']);
  });

  test('a Lease that was taken away by force is lost at once', async () => {
    await startTwo();
    box.lease = { metadata: { name: 'l', namespace: 'n', resourceVersion: 'x' }, spec: { holderIdentity: 'thief' } };
    await clock.advance(2_000);
    expect(log).toEqual(['a elected', 'a lost: somebody else holds the Lease']);
  });

  test('a Lease that was deleted is made again', async () => {
    await startTwo();
    box.lease = undefined;
    await clock.advance(2_000);
    expect(box.lease).toMatchObject({ spec: { holderIdentity: 'a' } });
    expect(log).toEqual(['a elected']);
  });

  test('a holder with longer times than ours is given its time', async () => {
    box.lease = {
      metadata: { name: 'l', namespace: 'n', resourceVersion: 'x' },
      spec: { holderIdentity: 'gone', leaseDurationSeconds: 60 },
    };
    void candidate('b').elector.run();
    await clock.advance(59_000);
    expect(log).toEqual([]);
    await clock.advance(3_000);
    expect(log).toEqual(['b elected']);
  });

  test('times that cannot work are refused', () => {
    const options = {
      client: box.client({ isDown: false, isHung: false }),
      identity: 'x',
      clock,
      random: () => 0,
      log: silentLogger,
    };
    const times = { leaseSeconds: 10, renewDeadlineSeconds: 10, retrySeconds: 2 };
    expect(
      () => new LeaderElector({ ...options, ...times, onElected: () => undefined, onLost: () => undefined }),
    ).toThrow(RangeError);
  });
});
