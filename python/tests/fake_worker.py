#!/usr/bin/env python3
"""A worker that misbehaves on the channel in the way that SLUICE_FAKE names; node/test/fake_worker.js is its twin."""

from __future__ import annotations

import os
import pathlib
import signal
import socket
import struct
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "src"))
from sluice._channel.framing import Deframer, encode_frame, protocol_version  # noqa: E402
from sluice._wire import tables as wire  # noqa: E402

fd = next(int(argument.split("=")[1]) for argument in sys.argv if argument.startswith("--control-fd="))
channel = socket.socket(fileno=fd)
way = os.environ["SLUICE_FAKE"]


def hello(version: int = protocol_version) -> None:
    channel.sendall(encode_frame(wire.Hello(protocol_version=version, product="fake-worker", product_version="9.9.9", pid=os.getpid())))


def await_request() -> None:
    """The second frame, after Hello."""
    deframer, frames = Deframer(), 0
    while frames < 2:
        deframer.push(channel.recv(65536))
        while deframer.next() is not None:
            frames += 1


def await_end() -> None:
    while channel.recv(65536):
        pass


if way == "version":
    hello(protocol_version + 1)
elif way == "garbage":
    channel.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
elif way == "huge":
    channel.sendall(struct.pack("<I", 0x7FFFFFFF) + bytes(16))
elif way == "noIdentifier":
    channel.sendall(struct.pack("<I", 16) + bytes(16))
elif way == "looping":
    # Every offset points into the frame itself: followed blindly it would be read for a very long time.
    channel.sendall(struct.pack("<II", 4096, 4) + b"SLCE" + b"\1" * 4088)
elif way == "failure":
    channel.sendall(encode_frame(wire.Failure(error=wire.Error(code="internal", message="the moon is in the way"))))
elif way == "noHello":
    channel.sendall(encode_frame(wire.Response(id=1, reply=wire.Done())))
elif way == "exit":
    sys.exit(7)
elif way == "stderr":
    sys.stderr.write("some library: a warning\nsluice-worker: no such thing as a free port\n")
    sys.exit(1)
else:
    hello()
    await_request()
    if way == "garbageLater":
        channel.sendall(b"garbage garbage garbage")
    elif way == "wrongReply":
        channel.sendall(encode_frame(wire.Response(id=1, reply=wire.PeerReply(peer_id="x"))))
    elif way == "unasked":
        channel.sendall(encode_frame(wire.Response(id=77, reply=wire.Done())))
    elif way == "endLater":
        sys.exit(3)
    elif way == "hang":
        # The channel ends, the process does not.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        channel.shutdown(socket.SHUT_RDWR)
        time.sleep(60)
await_end()
