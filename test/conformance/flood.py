"""flood.py PORT SSRC PAYLOAD_TYPE COUNT: RTP packets of 1200 bytes to 127.0.0.1, in bursts that a socket's buffer can take."""

import socket
import struct
import sys
import time

port, ssrc, payload_type, count = map(int, sys.argv[1:])
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
# VP8 (RFC 7741): a descriptor, then at first the head of a key frame.
key, delta = b"\x10\x10\x02\x00\x9d\x01\x2a\x80\x02\xe0\x01", b"\x10\x11\x02\x03"
for number in range(count):
    header = struct.pack(">BBHII", 0x80, payload_type, number & 0xFFFF, number * 90 & 0xFFFFFFFF, ssrc)
    out.sendto((header + (delta if number else key)).ljust(1200, b"\0"), ("127.0.0.1", port))
    if number % 50 == 49:
        time.sleep(0.002)
