// The server's own log: one line an event on stderr.

export const logLevels = ['none', 'error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof logLevels)[number];

export class Log {
  readonly #limit: number;

  constructor(level: LogLevel) {
    this.#limit = logLevels.indexOf(level);
  }

  error(message: string): void {
    this.#write('error', message);
  }

  warn(message: string): void {
    this.#write('warn', message);
  }

  info(message: string): void {
    this.#write('info', message);
  }

  debug(message: string): void {
    this.#write('debug', message);
  }

  #write(level: LogLevel, message: string): void {
    if (logLevels.indexOf(level) > this.#limit) return;
    process.stderr.write(`${new Date().toISOString()} ${level.padEnd(5)} ${message}\n`);
  }
}
