from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from ._channel.link import Link
from ._wire import tables as wire
from ._wire.kinds import FLAG, Integer
from .dtls_transport import DtlsTransport
from .remote_object import AppData, check_app_data
from .transport import place
from .types import CandidateOptions, DtlsParameters, IceCandidate, IceParameters, Json, NumSctpStreams, SctpParameters

if TYPE_CHECKING:
    from .peer import Peer
    from .room import Room

_message_size = Integer("I", 1, 2**32 - 1)


class WebRtcTransport(DtlsTransport):
    """A transport whose parameters the application signals itself, as mediasoup-client does (ORTC)."""

    def __init__(self, link: Link, reply: wire.WebRtcTransportReply, app_data: AppData | None) -> None:
        super().__init__(link, reply.transport_id, app_data)
        self._ice_parameters, self._ice_candidates = reply.ice_parameters, reply.ice_candidates
        self._dtls_parameters, self._sctp_parameters = reply.dtls_parameters, reply.sctp_parameters
        if self._sctp_parameters is not None:
            self._sctp_state = "new"

    @property
    def ice_role(self) -> Literal["controlled"]:
        """The worker is ICE-lite (RFC 8445 §2.5)."""
        return "controlled"

    @property
    def ice_parameters(self) -> IceParameters:
        """Of the worker's side; changed by restart_ice()."""
        return self._ice_parameters

    @property
    def ice_candidates(self) -> list[IceCandidate]:
        return self._ice_candidates

    @property
    def dtls_parameters(self) -> DtlsParameters:
        """Of the worker's side. The role is `auto` until connect()."""
        return self._dtls_parameters

    @property
    def sctp_parameters(self) -> SctpParameters | None:
        """For the client, with `enable_sctp`."""
        return self._sctp_parameters

    async def connect(self, *, dtls_parameters: DtlsParameters | Json) -> None:
        """Gives it the client's DTLS parameters. Once only."""
        command = wire.ConnectTransport.checked({"transport_id": self.id, "dtls_parameters": dtls_parameters}, "")

        def then(reply: wire.ConnectReply) -> None:
            fingerprints = self._dtls_parameters.fingerprints
            self._dtls_parameters = DtlsParameters(role=reply.dtls_local_role, fingerprints=fingerprints)

        await self._request(command, wire.ConnectReply, then)

    async def restart_ice(self) -> IceParameters:
        """New ICE credentials, to be signaled to the client."""

        def then(reply: wire.IceParametersReply) -> IceParameters:
            self._ice_parameters = reply.ice_parameters
            return reply.ice_parameters

        return await self._request(wire.RestartIce(transport_id=self.id), wire.IceParametersReply, then)


def candidate_options(options: object, path: str) -> dict[str, Any]:
    """The members that CreatePeer and CreateWebRtcTransport have in common."""
    checked = CandidateOptions.checked(options, path)
    return {field.name: getattr(checked, field.name) for field in CandidateOptions._fields}


async def create_web_rtc_transport(owner: Room | Peer, options: dict[str, Any]) -> WebRtcTransport:
    """`options` by their names here: what the methods of Room and Peer take."""
    candidates = candidate_options(options, "")
    command = wire.CreateWebRtcTransport.checked({"ice_consent_timeout": options["ice_consent_timeout"], **candidates}, "")
    command.sctp = _sctp_options(options)
    app_data = check_app_data(options["app_data"])
    place(command, owner)
    return await owner._request(
        command, wire.WebRtcTransportReply, lambda reply: owner._adopt_transport(WebRtcTransport(owner._link, reply, app_data))
    )


def _sctp_options(options: dict[str, Any]) -> wire.SctpOptions | None:
    """None without `enable_sctp`; what is wrong is told in any case."""
    streams = NumSctpStreams.checked(options["num_sctp_streams"] or {}, "numSctpStreams")
    size = _message_size.check(_given(options["max_sctp_message_size"], 262_144), "maxSctpMessageSize")
    for name, json in (("max_send_message_size", "maxSendMessageSize"), ("max_receive_message_size", "maxReceiveMessageSize")):
        _message_size.check(_given(options[name], size), json)
    sizes = {
        "outgoing_streams": streams.outgoing_streams,
        "max_incoming_streams": streams.max_incoming_streams,
        "max_send_message_size": _given(options["max_send_message_size"], size),
        "max_receive_message_size": _given(options["max_receive_message_size"], size),
    }
    checked = wire.SctpOptions.checked(sizes, "")
    for name, json in (
        ("send_buffer_size", "sctpSendBufferSize"),
        ("per_stream_send_queue_limit", "sctpPerStreamSendQueueLimit"),
        ("max_receiver_window_buffer_size", "sctpMaxReceiverWindowBufferSize"),
    ):
        value = options[f"sctp_{name}"]
        if value is not None:
            setattr(checked, name, Integer("I", 0, 2**32 - 1).check(value, json))
    return checked if FLAG.check(_given(options["enable_sctp"], False), "enableSctp") else None


def _given(value: Any, default: Any) -> Any:
    return default if value is None else value
