"""Several gateway processes on one port, restarted one after the other.

The parent holds the listening socket and the workers inherit it. No connection in the accept queue
is
lost when a worker ends. A worker is connected to its parent by two pipes: it writes a line to
standard
output when it is ready, and stops when standard input is closed.
"""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Sequence

import structlog

from gateway.server.program import RunOptions, run_gateway
from gateway.server.server import GatewayServer

READY = b"ready\n"
READY_SECONDS = 30.0
STOP_SECONDS = 15.0
RESTART_SECONDS = 1.0

log = structlog.get_logger()


class WorkerError(Exception):
    """A worker ended before it was ready. It has logged the reason itself."""


class WorkerProcess:
    """One gateway process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.pid = process.pid

    @classmethod
    async def start(cls, command: Sequence[str], listener: socket.socket) -> "WorkerProcess":
        """Start a process and wait until it is ready.

        Raises:
            WorkerError: It ended, or was not ready within 30 seconds.
        """
        process = await asyncio.create_subprocess_exec(
            *(*command, "--listener", str(listener.fileno())),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            pass_fds=[listener.fileno()],
        )
        worker = cls(process)
        line = b""
        if process.stdout is not None:
            with contextlib.suppress(TimeoutError):
                line = await asyncio.wait_for(process.stdout.readline(), READY_SECONDS)
        if line != READY:
            await worker.stop()
            raise WorkerError
        log.info("worker.started", pid=worker.pid)
        return worker

    def send(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)

    async def wait(self) -> int:
        return await self._process.wait()

    async def stop(self) -> None:
        """Stop it gracefully; kill it after 15 seconds."""
        self.send(signal.SIGTERM)
        try:
            await asyncio.wait_for(self.wait(), STOP_SECONDS)
        except TimeoutError:
            self.send(signal.SIGKILL)
            await self.wait()


class WorkerSupervisor:
    """Keeps a fixed number of workers running until a signal.

    SIGHUP makes all of them reload. SIGUSR2 replaces them one after the other; each is stopped when
    its
    replacement is ready.
    """

    def __init__(self, command: Sequence[str], listener: socket.socket, count: int) -> None:
        self._command = command
        self._listener = listener
        self._count = count
        self._workers: list[WorkerProcess] = []
        self._stopping = asyncio.Event()
        self._rolling = asyncio.Event()

    async def run(self) -> None:
        """Run until SIGTERM or SIGINT.

        Raises:
            WorkerError: A worker does not start.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        loop.add_signal_handler(signal.SIGHUP, self._reload)
        loop.add_signal_handler(signal.SIGUSR2, self._rolling.set)
        tasks: list[asyncio.Task[None]] = []
        try:
            for _ in range(self._count):
                self._workers.append(await self._start())
            keeps = [self._keep(slot) for slot in range(self._count)]
            tasks += [asyncio.create_task(work) for work in (*keeps, self._roll())]
            await self._stopping.wait()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._listener.close()
            await asyncio.gather(*(worker.stop() for worker in self._workers))

    async def _start(self) -> WorkerProcess:
        return await WorkerProcess.start(self._command, self._listener)

    async def _keep(self, slot: int) -> None:
        """Replace the worker of a slot whenever it exits."""
        while True:
            worker = self._workers[slot]
            status = await worker.wait()
            while self._workers[slot] is worker:
                log.error("worker.ended", pid=worker.pid, status=status)
                await asyncio.sleep(RESTART_SECONDS)
                with contextlib.suppress(WorkerError):
                    self._workers[slot] = await self._start()

    async def _roll(self) -> None:
        """Restart all workers on each SIGUSR2."""
        while True:
            await self._rolling.wait()
            self._rolling.clear()
            for slot in range(self._count):
                started = None
                with contextlib.suppress(WorkerError):
                    started = await self._start()
                if started is None:
                    log.error("workers.kept", place=slot)
                    break
                old, self._workers[slot] = self._workers[slot], started
                await old.stop()
                log.info("worker.restarted", pid=started.pid, instead_of=old.pid)

    def _reload(self) -> None:
        for worker in self._workers:
            worker.send(signal.SIGHUP)


async def supervise_workers(listener: socket.socket, count: int) -> None:
    """Run workers with the command line of this process.

    Raises:
        WorkerError: A worker does not start.
    """
    command = (sys.executable, "-m", "gateway", *sys.argv[1:])
    await WorkerSupervisor(command, listener, count).run()


async def run_worker(options: RunOptions, descriptor: int) -> None:
    """Serve as a worker, on the listening socket of a file descriptor."""
    # SIGHUP would end a worker that has no reloader, or none yet.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    await run_gateway(options, socket.socket(fileno=descriptor), follow_parent)


def follow_parent(server: GatewayServer) -> None:
    """Report readiness to the parent, and stop when the parent has ended."""
    os.write(sys.stdout.fileno(), READY)
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), stop_with_parent, server)


def stop_with_parent(server: GatewayServer) -> None:
    asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
    server.stop()
