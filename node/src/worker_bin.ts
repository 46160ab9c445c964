// Where the worker's executable is.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { WorkerStartError } from './errors.js';

const name = 'sluice-worker';

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** SLUICE_WORKER_BIN, what was built in this repository (release before dev), then the PATH. */
export function findWorkerBin(): string | undefined {
  const asked = process.env['SLUICE_WORKER_BIN'];
  if (asked) return asked;
  const built = ['release', 'dev'].map((preset) => join(__dirname, `../../build/${preset}/worker/${name}`));
  const installed = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, name));
  return [...built, ...installed].find(executable);
}

/** As findWorkerBin, or throws. */
export function needWorkerBin(): string {
  const found = findWorkerBin();
  if (found !== undefined) return found;
  throw new WorkerStartError(
    `no ${name} was found: set SLUICE_WORKER_BIN, build it (cmake --preset release && ninja -C build/release ${name}), or put it on the PATH`,
  );
}

/** What createWorker runs unless told otherwise; just the name when none was found. */
export const workerBin: string = findWorkerBin() ?? name;
