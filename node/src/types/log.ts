/** From the quietest to the loudest. */
export type WorkerLogLevel = 'none' | 'error' | 'warn' | 'debug';

/** What debug lines are about. */
export type WorkerLogTag =
  'info' | 'ice' | 'dtls' | 'rtp' | 'srtp' | 'rtcp' | 'rtx' | 'bwe' | 'score' | 'simulcast' | 'svc' | 'sctp' | 'message';

/** One line of a worker's log. */
export interface LogRecord {
  level: WorkerLogLevel;
  tag: WorkerLogTag;
  /** What it is about: `transport 3f2a`; may be empty. */
  object: string;
  /** One sentence. */
  message: string;
}
