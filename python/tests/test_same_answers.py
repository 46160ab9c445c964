"""The same SDP offer gives byte-equal answers from both controllers, and the same sections and RTP parameters."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest
from conftest import root

import sluice

offers = root / "test/negotiate/offers"


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def answers(port: int) -> dict[str, Any]:
    """As test/conformance/answers.mjs."""
    certificates = root / "test/data/certificates"
    capabilities = sluice.get_supported_rtp_capabilities()
    codecs = [codec for codec in capabilities.codecs if re.search("opus|PCMU|VP8|VP9|H264$|AV1", codec.mime_type, re.IGNORECASE)]
    given: dict[str, Any] = {}
    worker = sluice.create_worker(
        listen=[{"ip": "127.0.0.1", "port": port}],
        dtls_certificate_file=str(certificates / "first.pem"),
        dtls_private_key_file=str(certificates / "first_key.pem"),
    )
    async with worker as worker_:
        for path in sorted(offers.iterdir()):
            async with worker_.create_room(media_codecs=codecs) as room:
                peer = await room.create_peer(id=f"peer-{path.name}")
                producers: list[Any] = []
                peer.on("newproducer", producers.append)
                try:
                    await peer.set_remote_description({"type": "offer", "sdp": path.read_bytes().decode()})
                    await peer.set_local_description(await peer.create_answer())
                    assert peer.local_description is not None
                    sections = [
                        {name: value for name, value in section.to_json().items() if name != "producerId"} for section in peer.sections
                    ]
                    given[path.name] = {"answer": peer.local_description.sdp, "sections": sections}
                except sluice.SluiceError as error:
                    given[path.name] = {"error": str(error)}
                await peer.dump()
                given[path.name]["producers"] = [
                    {"kind": producer.kind, "type": producer.type, "rtpParameters": producer.rtp_parameters.to_json()}
                    for producer in producers
                ]
    return given


async def test_the_same_offers_get_byte_equal_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert shutil.which("node"), "the Node controller is compared with, and so is node needed"
    shim = tmp_path / "fixed_seed.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", shim, root / "test/conformance/fixed_seed.c"], check=True)
    port = free_port()
    command = ["node", str(root / "test/conformance/answers.mjs"), str(port)]
    monkeypatch.setenv("SLUICE_FIXED_SEED", str(shim))
    node = json.loads(subprocess.run(command, check=True, capture_output=True, timeout=20).stdout)
    monkeypatch.setenv("LD_PRELOAD", str(shim))
    python = await answers(port)
    assert sorted(node) == sorted(python)
    assert len(node) > 30
    assert sum("answer" in answer for answer in node.values()) > 30
    for name, answer in node.items():
        assert python[name] == answer, name
