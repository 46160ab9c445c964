// Processes as /proc shows them: children and processor time.

import { readFileSync, readdirSync } from 'node:fs';

const TICKS_PER_SECOND = 100; // sysconf(_SC_CLK_TCK) on Linux

/** @param {number} pid @returns {{ parent: number, name: string, seconds: number } | null} */
function about(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
    // proc(5): after the name come state (3), ppid (4), … utime (14), stime (15).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { parent: Number(fields[1]), name, seconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND };
  } catch {
    return null; // gone meanwhile
  }
}

/** The processes below one, with their names. @param {number} pid @returns {{ pid: number, name: string }[]} */
export function descendants(pid) {
  const all = readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map((entry) => ({ pid: Number(entry), ...about(Number(entry)) }));
  /** @param {number} of @returns {{ pid: number, name: string }[]} */
  const below = (of) =>
    all.filter((each) => each.parent === of).flatMap((each) => [{ pid: each.pid, name: each.name ?? '' }, ...below(each.pid)]);
  return below(pid);
}

/** Processor time that a process has used. @param {number} pid seconds */
export function processorSeconds(pid) {
  return about(pid)?.seconds ?? 0;
}

/** @param {number} pid */
export function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Bytes of memory that the process has in RAM now. @param {number} pid */
export function residentBytes(pid) {
  return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * 4096;
}
