#!/usr/bin/env python3
"""A small network that loses, delays and reorders: a hub, and one leg to each host named on the command line.

    host A (10.77.0.2) ──leg A── hub (10.77.0.1) ──leg B── host B (10.77.0.3)

Hub and hosts are network namespaces without a name, kept alive by this process's descriptors alone, so that nothing is left
behind however it ends. A leg is a pair of TUN devices; what one end sends is read here, delayed or lost, and written to the other.
In user space because the kernels of containers seldom have netem; a few thousand packets a second are what it is made for.

Standard output, one JSON object a line: first {"hub": NAMESPACE, "hosts": {NAME: {"namespace": …, "address": …}}, …}, where a
namespace is a path for `nsenter --net=`; then one line for each that is read. Standard input, likewise:

    {"leg": "A", "toHost": {"loss": 5, "delay": 25, "jitter": 60}}      also "toHub", or both
    {"report": true}                                                 packets so far, by leg and direction

loss in percent, the rest in ms. A packet waits `delay` and, chosen anew for each packet, up to `jitter` more: packets overtake
one another. It ends when standard input does. `--probe` makes the network, says nothing and ends: whether this machine allows it.
"""

import ctypes
import fcntl
import heapq
import json
import os
import random
import select
import struct
import subprocess
import sys
import time

HUB_ADDRESS = "10.77.0.1"
CLONE_NEWNET = 0x40000000
TUNSETIFF = 0x400454CA
IFF_TUN = 0x0001
IFF_NO_PI = 0x1000  # the packet alone, nothing before it
READS_AT_ONCE = 64
LONGEST_PACKET = 65536

libc = ctypes.CDLL(None, use_errno=True)


def check(result, what):
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def new_namespace():
    """A new one, with its loopback up; the caller stays where it was."""
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    check(libc.unshare(CLONE_NEWNET), "a network namespace")
    try:
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        return os.open("/proc/self/ns/net", os.O_RDONLY)
    finally:
        check(libc.setns(home, CLONE_NEWNET), "setns")
        os.close(home)


def new_device(namespace, name, address, other_end, gateway):
    """One end of a leg. With `gateway` everything leaves by it."""
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    check(libc.setns(namespace, CLONE_NEWNET), "setns")
    try:
        device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22s", name.encode(), IFF_TUN | IFF_NO_PI, b""))
        subprocess.run(["ip", "addr", "add", address, "peer", other_end, "dev", name], check=True)
        subprocess.run(["ip", "link", "set", name, "up", "mtu", "1500"], check=True)
        if gateway:
            subprocess.run(["ip", "route", "add", "default", "dev", name], check=True)
        return device
    finally:
        check(libc.setns(home, CLONE_NEWNET), "setns")
        os.close(home)


class Direction:
    """One way of one leg: what happens to its packets, and what has happened."""

    def __init__(self, source, sink, draws):
        self.source = source
        self.sink = sink
        self.draws = draws
        self.conditions = {"loss": 0.0, "delay": 0.0, "jitter": 0.0}
        self.counts = {"packets": 0, "lost": 0, "overtaken": 0, "refused": 0}
        self.newest_delivered = -1

    def set(self, conditions):
        for name, value in conditions.items():
            if name not in self.conditions:
                raise ValueError(f"no condition {name}")
            self.conditions[name] = float(value)

    def accept(self, now):
        """(when it arrives, its number), or nothing when it is lost."""
        number = self.counts["packets"]
        self.counts["packets"] += 1
        if self.draws.random() * 100 < self.conditions["loss"]:
            self.counts["lost"] += 1
            return None
        wait = self.conditions["delay"] + self.draws.random() * self.conditions["jitter"]
        return now + wait / 1000, number

    def deliver(self, number, packet):
        if number < self.newest_delivered:
            self.counts["overtaken"] += 1
        self.newest_delivered = max(self.newest_delivered, number)
        try:
            os.write(self.sink, packet)
        except OSError:  # its queue is full
            self.counts["refused"] += 1


class Network:
    def __init__(self, names, seed):
        draws = random.Random(seed)
        self.namespaces = {"": new_namespace()}
        self.legs = {}
        self.addresses = {}
        for index, name in enumerate(names):
            address = f"10.77.0.{index + 2}"
            self.namespaces[name] = new_namespace()
            at_hub = new_device(self.namespaces[""], f"leg{index}", HUB_ADDRESS, address, False)
            at_host = new_device(self.namespaces[name], "leg", address, HUB_ADDRESS, True)
            self.addresses[name] = address
            self.legs[name] = {"toHost": Direction(at_hub, at_host, draws), "toHub": Direction(at_host, at_hub, draws)}
        self.by_source = {way.source: way for leg in self.legs.values() for way in leg.values()}
        self.waiting = []  # (when, order, number, direction, packet)
        self.order = 0

    def describe(self):
        def path(name):
            return f"/proc/{os.getpid()}/fd/{self.namespaces[name]}"

        hosts = {name: {"namespace": path(name), "address": address} for name, address in self.addresses.items()}
        return {"hub": path(""), "address": HUB_ADDRESS, "hosts": hosts}

    def obey(self, line):
        command = json.loads(line)
        if "leg" in command:
            for way, conditions in command.items():
                if way != "leg":
                    self.legs[command["leg"]][way].set(conditions)
        return {name: {way: leg[way].counts for way in leg} for name, leg in self.legs.items()}

    def read(self, source):
        way = self.by_source[source]
        for _ in range(READS_AT_ONCE):
            try:
                packet = os.read(source, LONGEST_PACKET)
            except BlockingIOError:
                return
            accepted = way.accept(time.monotonic())
            if accepted:
                when, number = accepted
                heapq.heappush(self.waiting, (when, self.order, number, way, packet))
                self.order += 1

    def deliver_due(self):
        while self.waiting and self.waiting[0][0] <= time.monotonic():
            _, _, number, way, packet = heapq.heappop(self.waiting)
            way.deliver(number, packet)

    def run(self, commands, replies):
        sources = [*self.by_source, commands]
        while True:
            patience = max(0.0, self.waiting[0][0] - time.monotonic()) if self.waiting else None
            readable, _, _ = select.select(sources, [], [], patience)
            for source in readable:
                if source is not commands:
                    self.read(source)
                    continue
                line = commands.readline()
                if not line:
                    return
                print(json.dumps(self.obey(line)), file=replies, flush=True)
            self.deliver_due()


def main():
    arguments = sys.argv[1:]
    probing = arguments[:1] == ["--probe"]
    names = ["probe"] if probing else arguments
    seed = int(os.environ.get("SLUICE_SEED", "0")) or random.randrange(1, 1 << 31)
    try:
        network = Network(names, seed)
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(str(error))
    if probing:
        return
    # Unbuffered: select() sees the descriptor only, and a line left in a buffer would wait for the next.
    with open(sys.stdin.fileno(), "rb", buffering=0) as commands:
        print(json.dumps({**network.describe(), "seed": seed}), flush=True)
        network.run(commands, sys.stdout)


main()
