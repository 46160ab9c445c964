// A machine that systemd starts, of which only one service is known: a copy-on-write view of this one's files, with processes, mounts,
// network, host name and control groups of its own. What is written there is gone with it.

import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { descendants } from '../e2e/lib/processes.js';
import { until } from '../e2e/lib/wait.js';

const SYSTEMD = '/lib/systemd/systemd';

/** Sourced inside new namespaces: lays the root out at $root. Control groups: systemd's own hierarchy, and the unified one where it may be mounted. */
const LAYOUT = `
folder=$1
mount -t tmpfs tmpfs "$folder"
root=$folder/root
mkdir -p "$folder/upper" "$folder/work" "$root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$folder/upper,workdir=$folder/work" "$root"
for each in run tmp; do mount -t tmpfs tmpfs "$root/$each"; done
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for each in null zero full random urandom tty; do touch "$root/dev/$each"; mount --bind "/dev/$each" "$root/dev/$each"; done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o ptmxmode=666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"; ln -s /proc/self/fd "$root/dev/fd"; ln -s fd/0 "$root/dev/stdin"; ln -s fd/1 "$root/dev/stdout"; ln -s fd/2 "$root/dev/stderr"
# The kernel is this machine's: nothing of it is for that systemd to set.
mount -t proc proc "$root/proc"
mount --bind -o ro "$root/proc/sys" "$root/proc/sys"
mount -t sysfs -o ro sysfs "$root/sys"
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
  mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
else
  mount -t tmpfs tmpfs "$root/sys/fs/cgroup"
  mkdir "$root/sys/fs/cgroup/systemd"
  mount -t cgroup -o none,name=systemd cgroup "$root/sys/fs/cgroup/systemd"
fi
rm -rf "$root/etc/systemd/system" "$root"/lib/systemd/system/*.wants
mkdir -p "$root/etc/systemd/system"
ip link set lo up
`;
const NAMESPACES = ['--mount', '--pid', '--fork', '--kill-child', '--net', '--uts', '--ipc', '--cgroup'];
/** `container` tells systemd that the machine is not its own: it neither mounts nor loads what the kernel has. */
const BOOT = `
cd "$root"
pivot_root . mnt
umount -l /mnt
exec env -i container=sluice-test PATH="$PATH" ${SYSTEMD} --system --unit=test.target --log-target=null`;

/** @returns {string} why systemd cannot be started here; empty when it can */
export function missingSystemd() {
  if (spawnSync('systemd-analyze', ['--version']).error || spawnSync('test', ['-x', SYSTEMD]).status !== 0)
    return 'systemd is not installed';
  if (process.getuid?.() !== 0) return 'starting systemd in namespaces takes root';
  const folder = mkdtempSync(join(tmpdir(), 'sluice-boot-'));
  try {
    const { status, stderr } = spawnSync('unshare', [...NAMESPACES, 'sh', '-e', '-c', LAYOUT, 'sh', folder], { encoding: 'utf8' });
    return status === 0
      ? ''
      : `this machine allows no overlay, namespaces or control groups for systemd (${stderr.trim().split('\n').at(-1)})`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export class Machine {
  #folder = mkdtempSync(join(tmpdir(), 'sluice-boot-'));
  #child;
  #pid = 0;

  /** @param {string} prepare shell commands before systemd starts, with the machine's root at $root */
  constructor(prepare) {
    const script = [LAYOUT, prepare, BOOT].join('\n');
    this.#child = spawn('unshare', [...NAMESPACES, 'sh', '-e', '-c', script, 'sh', this.#folder], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
  }

  /** @param {string} prepare */
  static async start(prepare) {
    const machine = new Machine(prepare);
    try {
      machine.#pid = await until('systemd', () => machine.#below().find(({ name }) => name === 'systemd')?.pid, {
        within: 20_000,
      });
      await until(
        'systemd to answer',
        () => ['running', 'degraded'].includes(machine.try('systemctl', 'is-system-running').stdout.trim()),
        { within: 20_000 },
      );
    } catch (error) {
      await machine.close();
      throw error;
    }
    return machine;
  }

  /** Its processes so far. */
  #below() {
    const { exitCode, pid = 0 } = this.#child;
    if (exitCode !== null) throw new Error(`preparing the machine ended with ${exitCode}`);
    return descendants(pid);
  }

  /** Their names. */
  processes() {
    return this.#below().map(({ name }) => name);
  }

  /** What runs a program in the machine's network, with this one's files. @param {string} program */
  inNetwork(program) {
    return ['nsenter', `--net=/proc/${this.#pid}/ns/net`, program];
  }

  /** @param {string[]} words */
  try(...words) {
    return spawnSync('nsenter', [`--target=${this.#pid}`, '--mount', '--pid', '--net', '--root', '--wd', ...words], { encoding: 'utf8' });
  }

  /** Its output; an error if it fails. @param {string[]} words */
  run(...words) {
    const { status, stdout, stderr } = this.try(...words);
    if (status !== 0) throw new Error(`${words.join(' ')}: ${status}\n${stdout}${stderr}`);
    return stdout;
  }

  async close() {
    const gone = new Promise((resolve) => this.#child.once('exit', resolve));
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill('SIGKILL'); // and with it, as it has --kill-child, PID 1 and all below
      await gone;
    }
    rmSync(this.#folder, { recursive: true });
  }
}
