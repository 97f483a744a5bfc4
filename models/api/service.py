"""Serve the runtime on a Unix socket or an address, with one process per socket."""

import asyncio
import os
import socket as network
from pathlib import Path

import uvicorn

from models.api.app import Activity, create_app, watch_idleness
from models.catalogue.catalogue import Catalogue
from models.files import open_locked
from models.runtime.model_runtime import ModelRuntime
from models.settings import load_settings


def serve(
    folder: Path,
    *,
    socket: Path | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
    idle_exit_s: float | None = None,
    ready_fd: int | None = None,
    token: str = "",
) -> None:
    """Serve until the process is stopped, or until `idle_exit_s` seconds pass without a request.

    If another process serves the same socket, wait until that process exits. If `ready_fd` is set, return immediately
    instead: this process was started only because no runtime was listening. When the runtime accepts requests, it
    writes a byte to `ready_fd`.
    """
    lock = None
    if socket:
        try:
            lock = open_locked(socket.with_suffix(".lock"), wait=ready_fd is None)
        except BlockingIOError:
            return
    try:
        # If uvloop is installed, a small request takes half the time.
        with asyncio.Runner(loop_factory=uvicorn.Config("").get_loop_factory()) as runner:
            runner.run(_serve(folder, socket, host, port, idle_exit_s, ready_fd, token))
    finally:
        if socket:
            socket.unlink(missing_ok=True)
        if lock:
            lock.close()


async def _serve(
    folder: Path, socket: Path | None, host: str, port: int, idle_exit_s: float | None, ready_fd: int | None, token: str
) -> None:
    runtime = ModelRuntime(Catalogue(folder), load_settings(folder))
    activity = Activity(runtime.metrics)
    app = create_app(runtime, activity, token=token)
    config = uvicorn.Config(
        app,
        uds=str(socket) if socket else None,
        host=host,
        port=port,
        log_level="warning",
        timeout_graceful_shutdown=5,
        access_log=False,
        proxy_headers=False,
        date_header=False,
        server_header=False,
        lifespan="on",
    )
    server = AnnouncingServer(config, ready_fd, socket)
    watcher = None
    if idle_exit_s is not None:

        def stop() -> None:
            server.should_exit = True

        watcher = asyncio.create_task(watch_idleness(activity, idle_exit_s, stop))
    await server.serve()
    if watcher:
        watcher.cancel()


class AnnouncingServer(uvicorn.Server):
    """A server that reports when it listens. Only the current user can connect to its socket."""

    def __init__(self, config: uvicorn.Config, ready_fd: int | None, socket: Path | None) -> None:
        super().__init__(config)
        self._ready_fd, self._socket = ready_fd, socket

    async def startup(self, sockets: list[network.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._socket:
            self._socket.chmod(0o600)
        if self._ready_fd is not None:
            os.write(self._ready_fd, b"1")
            os.close(self._ready_fd)
