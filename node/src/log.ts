// The log lines of all workers, for applications that have a log of their own.
import type { LogRecord } from './types/log.js';

/** As mediasoup's: each gets a namespace (the tag) and the line; onerror the error too, when there is one. */
export interface LogEventListeners {
  ondebug?: (namespace: string, log: string) => void;
  onwarn?: (namespace: string, log: string) => void;
  onerror?: (namespace: string, log: string, error?: Error) => void;
}

let listeners: LogEventListeners = {};

/** Hands every worker's log lines to these functions; without an argument, to nobody. */
export function setLogEventListeners(given?: LogEventListeners): void {
  listeners = { ...given };
}

/** @internal */
export function reportLogRecord({ level, tag, object, message }: LogRecord): void {
  const line = object === '' ? message : `${object}: ${message}`;
  if (level === 'error') listeners.onerror?.(tag, line);
  else if (level === 'warn') listeners.onwarn?.(tag, line);
  else listeners.ondebug?.(tag, line);
}
