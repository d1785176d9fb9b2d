/** The log: one JSON object a line, on standard error. Nothing of a request's body is ever handed to it. */
import { type Logger, pino } from 'pino';

export type { Logger };

export type LogLevel = 'silent' | 'error' | 'warn' | 'info' | 'debug';

/** Where lines go. */
export interface LogStream {
  write(line: string): void;
}

/** A log at this level, with times as ISO 8601 and levels by name. */
export function createLog(level: LogLevel, stream: LogStream = pino.destination({ fd: 2, sync: false })): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    stream,
  );
}
