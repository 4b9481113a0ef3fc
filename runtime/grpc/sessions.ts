import type { ServerHttp2Session } from 'node:http2';
import { constants } from 'node:http2';

/** How long things may take, and how much one connection may do; times are in milliseconds. */
export interface SessionLimits {
  /** A connection without calls is closed after this time. */
  idleMs: number;
  /** A client has this long to send its whole request, and again to read its whole answer. */
  clientTurnMs: number;
  /** A connection with calls but without a sign of life is asked for one after this time, and closed when none comes as fast again. */
  pingAfterMs: number;
  /** Pings and settings that are taken of one connection between two looks. */
  maxControlFrames: number;
  /** How often all of this is looked at. */
  lookEveryMs: number;
}

export const SESSION_LIMITS: SessionLimits = {
  idleMs: 300_000,
  clientTurnMs: 120_000,
  pingAfterMs: 60_000,
  maxControlFrames: 2000,
  lookEveryMs: 5000,
};

/** What is known of one connection. */
export interface SessionState {
  client: string;
  openCalls: number;
  /** When a call last began or ended. */
  activeAt: number;
  controlFrames: number;
  /** When a ping was sent that has not been answered. */
  pingedAt: number | undefined;
}

/** Keeps watch over the connections: idle ones, dead ones, and those that flood the server with control frames. */
export class Sessions {
  readonly #limits: SessionLimits;
  readonly #states = new Map<ServerHttp2Session, SessionState>();

  constructor(limits: SessionLimits) {
    this.#limits = limits;
  }

  add(session: ServerHttp2Session): SessionState {
    const client = session.socket.remoteAddress ?? '';
    const state: SessionState = {
      client,
      openCalls: 0,
      activeAt: performance.now(),
      controlFrames: 0,
      pingedAt: undefined,
    };
    this.#states.set(session, state);
    const count = () => {
      state.controlFrames += 1;
      if (state.controlFrames <= this.#limits.maxControlFrames || session.destroyed) return;
      session.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM);
      session.destroy();
    };
    session.on('ping', count);
    session.on('remoteSettings', count);
    // What goes wrong on a connection ends it; that is the client's affair and no failure of the server.
    session.on('error', () => session.destroy());
    session.on('close', () => this.#states.delete(session));
    return state;
  }

  /** Closes what is idle or dead; to be called now and then. */
  look(now: number): void {
    for (const [session, state] of this.#states) {
      state.controlFrames = 0;
      if (state.openCalls > 0) this.#lookForLife(session, state, now);
      else if (now - state.activeAt > 2 * this.#limits.idleMs) session.destroy();
      else if (now - state.activeAt > this.#limits.idleMs) session.close();
    }
  }

  #lookForLife(session: ServerHttp2Session, state: SessionState, now: number): void {
    if (now - state.activeAt < this.#limits.pingAfterMs) return;
    if (state.pingedAt !== undefined) {
      if (now - state.pingedAt > this.#limits.pingAfterMs) session.destroy();
      return;
    }
    state.pingedAt = now;
    session.ping((error) => {
      state.pingedAt = undefined;
      if (error === null) state.activeAt = performance.now();
    });
  }

  /**
   * Tells every client to take its next calls elsewhere, and resolves when all have surely heard it. Calls that are on
   * their way are still taken meanwhile; closing the sessions afterwards sends the final GOAWAY.
   */
  async tellToLeave(): Promise<void> {
    const sessions = [...this.#states.keys()].filter(({ destroyed, closed }) => !destroyed && !closed);
    await Promise.all(
      sessions.map((session) => {
        session.goaway(constants.NGHTTP2_NO_ERROR, 2 ** 31 - 1);
        return new Promise<void>((resolve) => {
          if (!session.ping(() => resolve())) resolve();
        });
      }),
    );
  }

  destroyAll(): void {
    for (const session of this.#states.keys()) session.destroy();
  }
}
