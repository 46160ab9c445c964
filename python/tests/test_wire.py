"""The way to bytes and back, held against flatc; and what becomes of bytes that are no frames."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from conftest import root, values

import sluice
from sluice._channel.framing import Deframer, decode_frame, encode_frame
from sluice._wire import tables as wire
from sluice._wire.decode import Decoder
from sluice._wire.encode import Encoder
from sluice._wire.kinds import Bytes, Choice, CodecParameters, Flag, Integer, List, Nested, OneOf, Pairs, Real
from sluice._wire.table import Table


def filled(cls: type[Table], rng: random.Random, depth: int = 0) -> Any:
    """An instance with something in every member."""

    def value(kind: Any) -> Any:
        if isinstance(kind, Integer):
            return rng.randint(max(kind.low, -(2**53)), min(kind.high, 2**53))
        if isinstance(kind, Choice):
            return rng.choice([name for name in kind.names if name])
        if isinstance(kind, Flag):
            return rng.random() < 0.5
        if isinstance(kind, Real):
            return rng.randint(0, 64) / 64  # as flatc prints it
        if isinstance(kind, Bytes):
            return rng.randbytes(rng.randint(1, 9))
        if isinstance(kind, Nested):
            return filled(kind.table, rng, depth + 1)
        if isinstance(kind, CodecParameters):
            return {"apt": rng.randint(-5, 2**40), "profile": "42e01f", "bare": ""}
        if isinstance(kind, Pairs):
            return {"reason": rng.randint(1, 2**31)}
        if isinstance(kind, OneOf):
            return filled(Table._tables[rng.choice(kind.names)], rng, depth + 1)
        if isinstance(kind, List):
            return [value(kind.item) for _ in range(rng.randint(1, 3))]
        return "".join(rng.choice("aé€😀") for _ in range(rng.randint(1, 9)))

    return cls.checked(cls(**{field.name: value(field.kind) for field in cls._fields}), "")


@pytest.mark.parametrize("name", sorted(Table._tables))
def test_every_table_comes_back_as_it_went(name: str) -> None:
    cls = Table._tables[name]
    if any(isinstance(field.kind, OneOf) for field in cls._fields):
        return  # a frame's own: below
    for seed in range(20):
        table = filled(cls, random.Random(f"{name} {seed}"))
        encoder = Encoder()
        at = encoder.table(table)
        assert Decoder(bytes(encoder.out)).table(cls, at) == table


def frames(count: int) -> list[Any]:
    rng = random.Random(7)
    bodies: list[Any] = []
    for _ in range(count):
        bodies.append(wire.Request(id=rng.randint(1, 2**32 - 1), command=filled(Table._tables[rng.choice(wire._Command.names)], rng)))
        bodies.append(wire.Response(id=1, reply=filled(Table._tables[rng.choice(wire._Reply.names)], rng)))
        bodies.append(wire.Notification(event=filled(Table._tables[rng.choice(wire._Event.names)], rng)))
    return bodies


def test_flatc_reads_what_is_written_here_and_what_flatc_writes_is_read_here(tmp_path: Path) -> None:
    assert shutil.which("flatc")
    bodies = frames(60)
    for index, body in enumerate(bodies):
        (tmp_path / f"frame{index:03}.bin").write_bytes(encode_frame(body))
    schema = ["-I", str(root / "fbs"), "-o", str(tmp_path)]
    control = str(root / "fbs/control.fbs")
    binaries = sorted(map(str, tmp_path.glob("*.bin")))
    flags = ["--json", "--strict-json", "--size-prefixed", "--defaults-json"]
    subprocess.run(["flatc", *flags, *schema, control, "--", *binaries], check=True)
    for path in binaries:
        Path(path).unlink()
    documents = sorted(map(str, tmp_path.glob("*.json")))
    assert len(documents) == len(bodies)
    # flatc reads a union's text without its surrogates written out, so nothing is lost on the way.
    assert json.loads(Path(documents[0]).read_text(encoding="utf-8"))["body_type"] == "Request"
    subprocess.run(["flatc", "--binary", "--size-prefixed", *schema, control, *documents], check=True)
    for index, body in enumerate(bodies):
        assert decode_frame((tmp_path / f"frame{index:03}.bin").read_bytes()) == body


def test_zero_is_a_value_not_the_absence_of_one() -> None:
    candidate = wire.AddIceCandidate(peer_id="peer", sdp_m_line_index=0)
    request = decode_frame(encode_frame(wire.Request(id=1, command=candidate)))
    assert isinstance(request, wire.Request) and request.command == candidate
    encodings = [{"ssrc": 0, "codecPayloadType": 0, "maxBitrate": 0}]
    parameters = sluice.RtpParameters.from_json({"codecs": [], "encodings": encodings})
    assert parameters.to_json()["encodings"] == [{**encodings[0], "dtx": False}]


def test_json_in_and_out_has_the_names_of_browsers() -> None:
    audio = values["audio"]
    parameters = sluice.RtpParameters.from_json(audio)
    assert parameters.codecs[0].mime_type == "audio/opus"
    assert parameters.codecs[0].parameters == {"useinbandfec": 1, "usedtx": 1, "foo": "222.222"}
    written = parameters.to_json()
    assert written["rtcp"] == {"cname": "FOOBAR", "reducedSize": True}
    assert sluice.RtpParameters.from_json(written) == parameters
    own = {"codecs": [{"mime_type": "audio/opus", "payload_type": 111, "clock_rate": 48000, "channels": 2}]}
    assert sluice.RtpParameters.from_json(own).codecs[0].channels == 2


@pytest.mark.parametrize(
    "value, message",
    [
        (None, "rtp_capabilities: missing, expected an object"),
        ([], "rtp_capabilities: expected an object, got []"),
        ({"codecs": {}}, "rtp_capabilities.codecs: expected an array, got {}"),
        ({"codecs": [{"kind": "VIDEO"}]}, 'rtp_capabilities.codecs[0].kind: expected one of audio, video, got "VIDEO"'),
        (
            {"headerExtensions": [{"kind": "audio", "uri": "u", "preferredId": 256}]},
            "rtp_capabilities.header_extensions[0].preferred_id: expected an integer from 0 to 255, got 256",
        ),
        (
            {"codecs": [{"kind": "video", "mimeType": "\ud800", "clockRate": 1}]},
            "rtp_capabilities.codecs[0].mime_type: expected a string without lone surrogates, which UTF-8 cannot carry",
        ),
    ],
)
def test_a_wrong_value_is_told_with_its_path_and_what_was_expected(value: Any, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        sluice.RtpCapabilities.checked(value, "rtpCapabilities")
    assert isinstance(caught.value, sluice.InvalidArgumentError)
    assert str(caught.value) == message


def test_frames_are_cut_from_a_stream_however_it_is_chopped_up() -> None:
    stream = b"".join(encode_frame(wire.Response(id=id, reply=wire.DumpReply(json="x" * id * 1000))) for id in (1, 2, 3))
    for size in (1, 3, 7, 1000, len(stream)):
        deframer, ids = Deframer(), []
        for at in range(0, len(stream), size):
            deframer.push(stream[at : at + size])
            while (frame := deframer.next()) is not None:
                body = decode_frame(frame)
                assert isinstance(body, wire.Response)
                ids.append(body.id)
        assert ids == [1, 2, 3]
        assert deframer.idle


def test_no_frame_that_was_tampered_with_does_worse_than_being_refused() -> None:
    rng = random.Random(1)
    good = [encode_frame(body) for body in frames(10)]
    for _ in range(20_000):
        bad = bytearray(rng.choice(good))
        for _ in range(rng.randint(1, 5)):
            bad[rng.randrange(4, len(bad))] = rng.randrange(256)
        try:
            decode_frame(bytes(bad))
        except sluice.MalformedFrameError:
            pass


def test_a_request_that_is_too_large_is_refused_here() -> None:
    with pytest.raises(sluice.MalformedFrameError, match="expected at most 4194304"):
        encode_frame(wire.Request(id=1, command=wire.SendRtp(producer_id="p", packet=bytes(5 << 20))))
