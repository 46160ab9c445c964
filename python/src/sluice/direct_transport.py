from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

from ._channel.link import Link
from ._wire import tables as wire
from ._wire.table import Table
from .errors import InvalidStateError
from .messages import packet_bytes
from .remote_object import AppData, check_app_data
from .stats import DirectTransportStat, stat
from .transport import Transport, TransportEvents, TransportObserverEvents, place

if TYPE_CHECKING:
    from .peer import Peer
    from .room import Room

DirectTransportEvents = Literal[TransportEvents, "rtcp"]
DirectTransportObserverEvents = Literal[TransportObserverEvents, "rtcp"]


class DirectTransport(Transport[DirectTransportEvents, DirectTransportObserverEvents]):
    """RTP, RTCP and data messages of this process itself, without a network between it and the room.

    rtcp  (bytes) RTCP of the room's side: reports to what is consumed here, requests to what is produced here
    and those of Transport
    """

    EVENTS = get_args(DirectTransportEvents)
    OBSERVER_EVENTS = get_args(DirectTransportObserverEvents)

    def __init__(self, link: Link, id: str, max_message_size: int, app_data: AppData | None) -> None:
        super().__init__(link, id, app_data)
        self._max_message_size = max_message_size

    @property
    def max_message_size(self) -> int:
        """Of a message that is sent here: bytes."""
        return self._max_message_size

    def send_rtcp(self, packet: bytes) -> None:
        """A compound packet of feedback or reports about what is produced and consumed here."""
        if self.closed:
            raise InvalidStateError("this transport is closed")
        self._link.send(wire.SendRtcp(transport_id=self.id, packet=packet_bytes(packet, "packet")))

    async def get_stats(self) -> list[DirectTransportStat]:
        """One entry."""
        return await self._stats(lambda reply: [] if reply.transport is None else [stat(DirectTransportStat, reply.transport)])

    def _message_limit(self) -> int:
        return self._max_message_size

    def _handle_event(self, event: Table) -> None:
        if isinstance(event, wire.RtcpReceived):
            self._tell_both("rtcp", event.packet)
        else:
            super()._handle_event(event)


async def create_direct_transport(owner: Room | Peer, options: dict[str, Any]) -> DirectTransport:
    command = wire.CreateDirectTransport.checked(options, "")
    app_data = check_app_data(options["app_data"])
    place(command, owner)
    size = command.max_message_size
    return await owner._request(
        command,
        wire.DirectTransportReply,
        lambda reply: owner._adopt_transport(DirectTransport(owner._link, reply.transport_id, size, app_data)),
    )
