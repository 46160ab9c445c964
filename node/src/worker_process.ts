// Starts a worker's process and waits until it is ready; one clear error when it never is.
import { spawn, type ChildProcess } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { Channel } from './channel/channel.js';
import { VersionMismatchError, WorkerClosedError, WorkerStartError } from './errors.js';

/** The descriptor that a worker expects its channel on. */
const channelFd = 3;
const startTimeoutMs = 10_000;
const keptOutput = 4096;

export interface StartedWorker {
  child: ChildProcess;
  pid: number;
  channel: Channel;
}

/** Rejects with WorkerStartError or VersionMismatchError; no process is left behind then. */
export async function startWorker(bin: string, args: string[]): Promise<StartedWorker> {
  const child = spawn(bin, args, { stdio: ['ignore', 'ignore', 'pipe', 'pipe'] });
  const spawned = await new Promise<Error | undefined>((resolve) => {
    child.once('spawn', () => resolve(undefined));
    child.once('error', resolve);
  });
  if (spawned !== undefined) throw new WorkerStartError(`cannot run ${bin}: ${(spawned as NodeJS.ErrnoException).code ?? spawned.message}`);
  child.on('error', () => {}); // It may be gone when it is killed.
  const said = captureOutput(child);
  const channel = new Channel(child.stdio[channelFd] as Duplex);
  const timer = setTimeout(
    () => channel.close(new WorkerStartError(`${bin} did not answer within ${startTimeoutMs / 1000} s`)),
    startTimeoutMs,
  );
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
  try {
    await channel.opened;
    said.forward();
    return { child, pid: child.pid!, channel };
  } catch (error) {
    child.kill('SIGKILL');
    await exited;
    throw startError(bin, error as Error, child, said.text());
  } finally {
    clearTimeout(timer);
  }
}

function startError(bin: string, error: Error, { exitCode, signalCode }: ChildProcess, output: string): Error {
  if (error instanceof VersionMismatchError) return error;
  if (error instanceof WorkerStartError) return new WorkerStartError(`the worker cannot start: ${error.message}`);
  // The channel ended without a word on it; what was written to stderr says more than that.
  const line = output
    .trim()
    .split('\n')
    .at(-1)
    ?.replace(/^sluice-worker: /, '');
  if (line) return new WorkerStartError(`the worker cannot start: ${line}`);
  if (!(error instanceof WorkerClosedError)) return new WorkerStartError(`${bin} is no sluice-worker: ${error.message}`, { cause: error });
  return new WorkerStartError(`${bin} ended at once (${signalCode === null ? `exit code ${exitCode}` : `signal ${signalCode}`})`);
}

/** Keeps what the process writes to stderr until forward(), which lets it through to ours. */
function captureOutput({ stderr }: ChildProcess): { text: () => string; forward: () => void } {
  let kept = '';
  let forwarding = false;
  stderr?.setEncoding('utf8').on('data', (text: string) => {
    if (forwarding) process.stderr.write(text);
    else kept = (kept + text).slice(-keptOutput);
  });
  return {
    text: () => kept,
    forward() {
      forwarding = true;
      process.stderr.write(kept);
    },
  };
}
