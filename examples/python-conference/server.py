#!/usr/bin/env python3
"""server.py [--port 8000] …: the conference page of server/public and its signaling (docs/signaling.md), served by aiohttp and driven
by the Python controller."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import pathlib
import signal
import time
from typing import Any

from access import access_of, add_options
from aiohttp import WSCloseCode, WSMsgType, web
from conference import Participant, Rooms
from messages import Envelope, SignalingError, read_content, read_envelope
from workers import WorkerPool

import sluice

page = pathlib.Path(__file__).resolve().parents[2] / "server/public"
_most_unsent = 8 << 20
_close_codes = {"left": 1000, "replaced": 4000}


class Connection:
    """One WebSocket: messages handled in their order; each refused one gets exactly one `error`."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._socket = web.WebSocketResponse(max_msg_size=1 << 20, heartbeat=20)
        # Texts to be sent, and at last the code to close with.
        self._out: asyncio.Queue[str | int] = asyncio.Queue()
        self._unsent = 0
        self._participant: Participant | None = None

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        await self._socket.prepare(request)
        request.app[sockets].add(self._socket)
        writer = asyncio.get_running_loop().create_task(self._write())
        due = 0.0
        try:
            async for message in self._socket:
                # 100 messages a second, 300 in a burst: who sends faster is read more slowly.
                now = time.monotonic()
                due = max(due, now - 3) + 0.01
                await asyncio.sleep(max(0.0, due - now))
                if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                    await self._handle(read_envelope(message.data if message.type == WSMsgType.TEXT else None))
        finally:
            writer.cancel()
            request.app[sockets].discard(self._socket)
            if self._participant is not None:
                # 1001: the page was closed or left. Nobody is there who could resume.
                if self._socket.close_code == WSCloseCode.GOING_AWAY:
                    self._participant.leave("left")
                else:
                    self._participant.away(self)
        return self._socket

    # --- Outlet of a participant ----------------------------------------------------------------------------------------

    def send(self, type_: str, content: dict[str, Any], id_: int | None = None) -> None:
        message: dict[str, Any] = {"message_type": type_, "content": content}
        text = json.dumps(message if id_ is None else {**message, "id": id_})
        self._unsent += len(text)
        self._out.put_nowait(WSCloseCode.TRY_AGAIN_LATER if self._unsent > _most_unsent else text)

    def detached(self, why: str) -> None:
        self._participant = None
        if why == "expired":
            self._send_error(SignalingError("session_expired", "the media worker of this room was lost; join anew"), None, None)
        else:
            self._out.put_nowait(_close_codes[why])

    async def _write(self) -> None:
        while True:
            item = await self._out.get()
            if isinstance(item, int):
                await self._socket.close(code=item)
                return
            self._unsent -= len(item)
            try:
                await self._socket.send_str(item)
            except ConnectionError:
                return  # the reader sees it too

    # --- Messages -------------------------------------------------------------------------------------------------------

    async def _handle(self, envelope: Envelope) -> None:
        try:
            if envelope.error is not None:
                raise envelope.error
            assert envelope.type is not None
            self._check_state(envelope.type)
            await self._dispatch(envelope.type, read_content(envelope.type, envelope.content), envelope.id)
        except SignalingError as error:
            self._send_error(error, envelope.type, envelope.id)
        except Exception as error:
            logging.error("%s failed: %s", envelope.type, error)
            told = SignalingError("server_error", "the server failed at this request; trying again may help")
            self._send_error(told, envelope.type, envelope.id)

    def _check_state(self, type_: str) -> None:
        if type_ in ("ping", "pong", "leave"):
            return
        if type_ in ("join", "resume"):
            if self._participant is not None:
                raise SignalingError("already_joined", "this WebSocket has a participant; leave first")
        elif self._participant is None:
            raise SignalingError("not_joined", f"{type_} needs a join or a resume first")

    async def _dispatch(self, type_: str, content: dict[str, Any], id_: int | None) -> None:
        participant = self._participant
        if type_ == "join":
            self._participant = await self._rooms.join(content, self, id_)
        elif type_ == "resume":
            self._resume(content["session"], id_)
        elif type_ == "ping":
            self.send("pong", {}, id_)
        elif type_ == "leave":
            self._out.put_nowait(_close_codes["left"]) if participant is None else participant.leave("left")
        elif participant is not None and type_ == "state":
            participant.set_state(content)
        elif participant is not None and type_ == "offer":
            await participant.negotiator.offer(content, id_)
        elif participant is not None and type_ == "answer":
            await participant.negotiator.answer(content, id_)
        elif participant is not None and type_ == "candidate":
            await participant.negotiator.candidate(content)

    def _resume(self, session: str, id_: int | None) -> None:
        participant = self._rooms.find(session)
        if participant is None:
            raise SignalingError("session_expired", "nobody is known by this session any more; join anew", "session")
        self._participant = participant
        participant.resume(self, id_)

    def _send_error(self, error: SignalingError, in_reply_to: str | None, id_: int | None) -> None:
        content = {"code": error.code, "message": str(error), "in_reply_to": in_reply_to}
        self.send("error", content if error.field is None else {**content, "field": error.field}, id_)


sockets = web.AppKey("sockets", set[web.WebSocketResponse])


@web.middleware
async def headers(request: web.Request, handler: Any) -> web.StreamResponse:
    response: web.StreamResponse = await handler(request)
    if not response.prepared:
        response.headers.update({"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cache-Control": "no-cache"})
    return response


def make_app(rooms: Rooms, pool: WorkerPool) -> web.Application:
    app = web.Application(middlewares=[headers])
    app[sockets] = set()

    async def health(_: web.Request) -> web.Response:
        running = len(pool.workers)
        status = "down" if running == 0 else "degraded" if running < pool.count else "ok"
        workers = {"running": running, "wanted": pool.count}
        body = {"status": status, "workers": workers, "rooms": rooms.size, "participants": rooms.participants}
        return web.json_response(body, status=503 if status == "down" else 200)

    async def index(_: web.Request) -> web.FileResponse:
        return web.FileResponse(page / "index.html")

    async def close_sockets(app: web.Application) -> None:
        for socket in list(app[sockets]):
            await socket.close(code=WSCloseCode.GOING_AWAY, message=b"the server shuts down")

    app.router.add_get("/signaling", lambda request: Connection(rooms).serve(request))
    app.router.add_get("/health", health)
    app.router.add_get("/", index)
    app.router.add_static("/", page)
    app.on_shutdown.append(close_sockets)
    return app


async def run(options: argparse.Namespace) -> None:
    access = access_of(options)
    ips = options.listen_ip or ["127.0.0.1" if options.host == "localhost" else "0.0.0.0"]
    listen = [{"ip": ip, "protocol": protocol} for ip in ips for protocol in ("udp", "tcp")]
    level = options.log_level if options.log_level in ("error", "warn", "debug") else "warn"
    pool = WorkerPool(options.workers, {"listen": listen, "announced_address": options.announced_address, "log_level": level})
    await pool.start()
    rooms = Rooms(pool, access, limit=options.room_limit, kept_away=options.resume_timeout)
    runner = web.AppRunner(make_app(rooms, pool), access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, options.host, options.port).start()
    port = runner.addresses[0][1]
    entry = "entering a room takes a token" if access.required else "rooms are open to everybody, without tokens"
    workers = f"{options.workers} media workers, driven by Python"
    print(f"Sluice is ready at http://{options.host}:{port} with {workers}; {entry}. Ctrl+C ends it.", flush=True)
    stop = asyncio.Event()
    for signal_ in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signal_, stop.set)
    await stop.wait()
    await runner.cleanup()
    await pool.close()


def main() -> None:
    parser = argparse.ArgumentParser(description="The conference page and its signaling, driven by Python.")
    parser.add_argument("--port", type=int, default=8000, help="of the page; 0 for any free one")
    parser.add_argument("--host", default="localhost", help="name or address to serve the page on")
    parser.add_argument("--workers", type=int, default=1, help="media workers")
    parser.add_argument("--listen-ip", action="append", help="address to receive media on; repeatable; with --host localhost 127.0.0.1")
    parser.add_argument("--announced-address", help="address or name that clients are told for media instead")
    parser.add_argument("--room-limit", type=int, default=100, help="most participants of a room")
    parser.add_argument("--resume-timeout", type=float, default=15, help="seconds that a participant whose WebSocket dropped is kept")
    add_options(parser)
    parser.add_argument("--log-level", default="info", choices=["none", "error", "warn", "info", "debug"])
    options = parser.parse_args()
    logging.basicConfig(level=getattr(logging, {"warn": "WARNING", "none": "CRITICAL"}.get(options.log_level, options.log_level.upper())))
    try:
        asyncio.run(run(options))
    except (sluice.SluiceError, OSError, ValueError) as error:
        raise SystemExit(f"server.py: {error}") from None


if __name__ == "__main__":
    main()
