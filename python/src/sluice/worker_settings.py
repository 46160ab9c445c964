"""What create_worker takes, as the command line that it makes of it."""

from __future__ import annotations

from typing import Any

from ._wire import tables as wire
from ._wire.kinds import TEXT, U32, wrong
from .remote_object import check_app_data
from .types import ListenAddress


def _listen_argument(value: object, path: str) -> str:
    address = ListenAddress.checked(value, path)
    ip = address.ip
    if address.port is not None:
        ip = f"[{ip}]:{address.port}" if ":" in ip else f"{ip}:{address.port}"
    scheme = "tcp:" if address.protocol == "tcp" else ""
    return f"{scheme}{ip}" + ("" if address.announced_address is None else f"={address.announced_address}")


def worker_arguments(settings: dict[str, Any]) -> list[str]:
    """Raises InvalidArgumentError; what only the worker can know to be wrong it says itself."""
    check_app_data(settings["app_data"])
    level = "error" if settings["log_level"] is None else settings["log_level"]
    checked = wire.UpdateSettings.checked({"log_level": level, "log_tags": settings["log_tags"]}, "")
    arguments = [f"--log-level={checked.log_level}"]
    if checked.log_tags:
        arguments.append(f"--log-tags={','.join(checked.log_tags)}")
    low, high = settings["rtc_min_port"], settings["rtc_max_port"]
    if low is not None or high is not None:
        low = U32.check(10_000 if low is None else low, "rtcMinPort")
        high = U32.check(59_999 if high is None else high, "rtcMaxPort")
        arguments.append(f"--port-range={low}-{high}")
    listen = settings["listen"]
    if not isinstance(listen, (list, tuple)):
        raise wrong("listen", "an array", listen)
    arguments += [f"--listen={_listen_argument(address, f'listen[{index}]')}" for index, address in enumerate(listen)]
    for option, name, json in (
        ("announced-address", "announced_address", "announcedAddress"),
        ("dtls-certificate-file", "dtls_certificate_file", "dtlsCertificateFile"),
        ("dtls-private-key-file", "dtls_private_key_file", "dtlsPrivateKeyFile"),
    ):
        if settings[name] is not None:
            arguments.append(f"--{option}={TEXT.check(settings[name], json)}")
    return arguments
