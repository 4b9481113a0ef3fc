import { once } from 'node:events';
import net from 'node:net';

/** An answer as it came over a socket. */
export interface RawAnswer {
  status: number;
  head: string;
  body: string;
}

/** What a server did with bytes that need not be HTTP. */
export interface Exchange {
  answers: RawAnswer[];
  /** True when the server hung up. */
  isClosed: boolean;
}

/** A connection on which anything can be written. */
export class RawConnection {
  readonly socket: net.Socket;
  readonly #closed: Promise<unknown>;
  #text = '';
  #isClosed = false;

  constructor(port: number) {
    this.socket = net.connect({ port, host: '127.0.0.1' });
    this.socket.on('data', (chunk: Buffer) => {
      this.#text += chunk.toString('latin1');
    });
    // A server that hangs up in the middle of what we write is one of the right answers.
    this.socket.on('error', () => {});
    this.#closed = new Promise<void>((resolve) => {
      this.socket.once('close', () => {
        this.#isClosed = true;
        resolve();
      });
    });
  }

  /** What has come so far. */
  get exchange(): Exchange {
    return { answers: readAnswers(this.#text), isClosed: this.#isClosed };
  }

  /** Writes as fast as the server reads; stops once it has hung up. */
  async write(...parts: Iterable<string | Buffer>[]): Promise<void> {
    for (const part of parts) {
      for (const piece of part) {
        if (this.socket.destroyed || this.socket.writableEnded) return;
        if (!this.socket.write(piece)) await Promise.race([once(this.socket, 'drain'), this.#closed]).catch(() => {});
      }
    }
  }

  /** Waits for so many whole answers, or for the server to hang up. */
  async untilAnswered(count = 1): Promise<Exchange> {
    while (!this.#isClosed && readAnswers(this.#text).length < count)
      await Promise.race([once(this.socket, 'data'), this.#closed]).catch(() => {});
    return this.exchange;
  }

  /** Waits until the server hangs up. */
  async untilClosed(): Promise<Exchange> {
    await this.#closed;
    return this.exchange;
  }
}

function readAnswers(text: string): RawAnswer[] {
  const answers: RawAnswer[] = [];
  let at = 0;
  for (;;) {
    const end = text.indexOf('\r\n\r\n', at);
    if (end === -1) return answers;
    const head = text.slice(at, end);
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]);
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
    const body = text.slice(end + 4, end + 4 + length);
    if (body.length < length) return answers;
    at = end + 4 + length;
    if (status !== 100) answers.push({ status, head, body });
  }
}
