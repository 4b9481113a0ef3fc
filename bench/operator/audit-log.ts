import { closeSync, createReadStream, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { z } from 'zod';

const auditEvent = z.object({
  verb: z.string(),
  /** A request whose answer streams, such as a log, stands in the audit log when it begins, and again when it is done. */
  stage: z.string().default('ResponseComplete'),
  requestReceivedTimestamp: z.string(),
  user: z.object({ username: z.string().optional() }),
  objectRef: z.object({ resource: z.string().default('none'), subresource: z.string().optional() }).prefault({}),
  responseStatus: z.object({ code: z.number().default(0) }).prefault({}),
});

/** Requests of one user: what the API server says they were. */
export interface Requests {
  /** By verb and resource, such as `patch deployments` or `patch models/status`. */
  byKind: Map<string, number>;
  writes: number;
  reads: number;
  watches: number;
  /** Everything about Leases, which tick with the clock and not with the work. */
  leases: number;
  /** Requests answered with 400 or above. */
  refused: number;
  /** When the last request came that was neither a watch nor about a Lease, in milliseconds since 1970. */
  lastWorkAt: number;
}

const LONGEST_LINE = 256 * 1024;
const WRITES = new Set(['create', 'update', 'patch', 'delete', 'deletecollection']);

/** A tally without any request. */
export const noRequests = (): Requests => ({
  byKind: new Map(),
  writes: 0,
  reads: 0,
  watches: 0,
  leases: 0,
  refused: 0,
  lastWorkAt: 0,
});

/** Adds one line of an audit log to a tally, when it is a request of that user. */
export function countLine(tally: Requests, line: string, username: string): void {
  if (!line.includes(username)) return;
  const event = auditEvent.parse(JSON.parse(line));
  if (event.user.username !== username) return;
  if (event.responseStatus.code >= 400) tally.refused += 1;
  if (event.objectRef.resource === 'leases') tally.leases += 1;
  else if (event.verb === 'watch') tally.watches += 1;
  else if (event.stage === 'ResponseComplete') countWork(tally, event);
}

function countWork(tally: Requests, { verb, objectRef, requestReceivedTimestamp }: z.output<typeof auditEvent>): void {
  const { resource, subresource } = objectRef;
  const kind = `${verb} ${resource}${subresource === undefined ? '' : `/${subresource}`}`;
  tally.byKind.set(kind, (tally.byKind.get(kind) ?? 0) + 1);
  tally[WRITES.has(verb) ? 'writes' : 'reads'] += 1;
  tally.lastWorkAt = Math.max(tally.lastWorkAt, Date.parse(requestReceivedTimestamp));
}

/** The API server's audit log: the only witness of what a program asked for. */
export class AuditLog {
  readonly #path: string;
  readonly #username: string;

  constructor(path: string, username: string) {
    this.#path = path;
    this.#username = username;
  }

  /** The end of the last whole line; what comes later is counted from here. */
  position(): number {
    if (!existsSync(this.#path)) return 0;
    const file = openSync(this.#path, 'r');
    try {
      const { size } = fstatSync(file);
      const tail = Buffer.alloc(Math.min(size, LONGEST_LINE));
      readSync(file, tail, 0, tail.length, size - tail.length);
      return size - tail.length + tail.lastIndexOf('\n') + 1;
    } finally {
      closeSync(file);
    }
  }

  /** Counts the user's requests since a position. */
  async since(position: number): Promise<Requests> {
    const tally = noRequests();
    const end = this.position();
    if (end <= position) return tally;
    const input = createReadStream(this.#path, { encoding: 'utf8', start: position, end: end - 1 });
    for await (const line of createInterface({ input })) countLine(tally, line, this.#username);
    return tally;
  }
}
