import pino from 'pino';

/** The log of a role: JSON lines on stdout, written synchronously so that none is lost at the end. */
export const createLog = (role: string): pino.Logger =>
  pino(
    { base: { role }, level: process.env['LOG_LEVEL'] ?? 'info', timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ fd: 1, sync: true }),
  );
