import pino, { type Logger } from "pino";

export interface MemoryLog {
  readonly logger: Logger;
  /** `level message` of each line so far. */
  lines(): readonly string[];
}

/** A logger that keeps what it is told. */
export function memoryLog(): MemoryLog {
  const lines: string[] = [];
  const logger = pino(
    { level: "debug", base: null, timestamp: false, formatters: { level: (label) => ({ level: label }) } },
    {
      write(line: string) {
        const { level, msg } = JSON.parse(line) as { level: string; msg: string };
        lines.push(`${level} ${msg}`);
      },
    },
  );
  return { logger, lines: () => lines };
}
