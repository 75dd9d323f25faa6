import pino, { type Logger } from "pino";

export type { Logger };

export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** A logger of JSON lines on standard error: standard output belongs to data. Fields that may hold secrets never show. */
export function createLogger(level: LogLevel): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: ["*.token", "*.privateKey", "*.authorization", "token", "privateKey", "authorization"] },
    },
    pino.destination({ dest: 2, sync: true }),
  );
}
