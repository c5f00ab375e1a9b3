"""Injects the faults of a schedule, each for its duration, and reverts them at the end."""

import asyncio
import contextlib
import os
import random
import signal
import xmlrpc.client
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator

import redis.asyncio
from redis.exceptions import RedisError

from deploy.local.supervision import CALL_ERRORS
from tests.faults.clock import write_offset
from tests.faults.history import DealtFault, History
from tests.faults.mesh import FaultMesh
from tests.faults.proxy import Mood
from tests.faults.schedule import Fault
from tests.faults.tasks import cancel_tasks
from tests.faults.workload.customers import CustomerWorker

DELAY_SECONDS = (0.005, 0.15)
FLUSH_SECONDS = 2.0


class Injector:
    """Injects one fault after the other. Faults may overlap."""

    def __init__(
        self,
        seed: int,
        mesh: FaultMesh,
        history: History,
        customers: list[CustomerWorker],
        on_fault: Callable[[DealtFault], None],
    ) -> None:
        self._rng = random.Random(f"{seed}/injector")
        self._mesh = mesh
        self._history = history
        self._customers = customers
        self._on_fault = on_fault
        self._dealing: asyncio.Task[None] | None = None
        self._running: set[asyncio.Task[None]] = set()
        self._places: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def start(self, faults: Iterator[Fault]) -> None:
        self._dealing = asyncio.create_task(self._run(faults))

    def check(self) -> None:
        """Raise the exception of a failed fault task, if there is one."""
        for task in (self._dealing, *self._running):
            if task is not None and task.done():
                task.result()

    async def heal(self) -> None:
        """Stop injecting, wait for the current faults to end, and revert their effects."""
        await cancel_tasks([self._dealing])
        await asyncio.gather(*self._running)
        for proxy in self._mesh.proxies.values():
            proxy.clear()
        for path in self._mesh.home.run.glob("*.clock"):
            write_offset(path, 0)
        await asyncio.to_thread(self._mesh.resume)

    async def close(self) -> None:
        await cancel_tasks([self._dealing, *self._running])

    async def _run(self, faults: Iterator[Fault]) -> None:
        for fault in faults:
            await asyncio.sleep(fault.after)
            self._running.add(asyncio.create_task(self._deal(fault)))

    async def _deal(self, fault: Fault) -> None:
        """Inject a fault after the previous fault on the same target has ended."""
        place = f"proxy of {fault.target}" if fault.kind in PROXIED else fault.target
        async with self._places[place]:
            dealt = self._history.record_fault(fault.kind, fault.target)
            try:
                dealt.what = await DEALERS[fault.kind](self, fault)
            finally:
                dealt.ended = self._history.now()
        self._on_fault(dealt)

    async def kill(self, fault: Fault) -> str:
        pid = (await asyncio.to_thread(self._mesh.pids)).get(fault.target, 0)
        if pid:
            send_signal(pid, signal.SIGKILL)
        return f"{fault.target} (pid {pid})"

    async def kill_backend(self, fault: Fault) -> str:
        family = await asyncio.to_thread(self._mesh.family, "postgres")
        if len(family) < 2:
            return "postgres was not running"
        backend = self._rng.choice(family[1:])
        send_signal(backend.pid, signal.SIGKILL)
        return f"a process of postgres (pid {backend.pid})"

    async def stop(self, fault: Fault) -> str:
        family = await asyncio.to_thread(self._mesh.family, fault.target)
        try:
            for process in family:
                send_signal(process.pid, signal.SIGSTOP)
            await asyncio.sleep(fault.seconds)
        finally:
            for process in reversed(family):
                send_signal(process.pid, signal.SIGCONT)
        return f"{fault.target} for {fault.seconds:.1f} s"

    async def restart(self, fault: Fault) -> str:
        await self._call_supervisor("restart", fault.target)
        return fault.target

    async def wipe(self, fault: Fault) -> str:
        """Stop and start Valkey, which loses all data because it persists nothing."""
        await self._call_supervisor("stop", fault.target)
        try:
            await asyncio.sleep(fault.seconds)
        finally:
            await self._call_supervisor("start", fault.target)
        return f"{fault.target}, stopped for {fault.seconds:.1f} s"

    async def flush(self, fault: Fault) -> str:
        try:
            async with asyncio.timeout(FLUSH_SECONDS):
                async with redis.asyncio.from_url(self._mesh.cache_url) as client:
                    await client.flushall()
        except (RedisError, OSError, TimeoutError) as error:
            return f"{fault.target} was unavailable ({type(error).__name__})"
        return fault.target

    async def cut(self, fault: Fault) -> str:
        return f"{self._mesh.proxies[fault.target].cut()} connections of {fault.target}"

    async def upset(self, fault: Fault) -> str:
        """Refuse, delay or swallow traffic for a while."""
        proxy = self._mesh.proxies[fault.target]
        proxy.delay_seconds = self._rng.uniform(*DELAY_SECONDS)
        proxy.mood = Mood(fault.kind)
        if proxy.mood == Mood.REFUSE:
            proxy.cut()
        try:
            await asyncio.sleep(fault.seconds)
        finally:
            if proxy.mood == Mood.SWALLOW:
                proxy.cut()
            proxy.clear()
        return f"{fault.target} for {fault.seconds:.1f} s"

    async def jump(self, fault: Fault) -> str:
        path = self._mesh.clock(fault.target)
        write_offset(path, fault.offset)
        try:
            await asyncio.sleep(fault.seconds)
        finally:
            write_offset(path, 0)
        return f"{fault.target} by {fault.offset:+.0f} s for {fault.seconds:.1f} s"

    async def replay(self, fault: Fault) -> str:
        sent = await asyncio.gather(*(each.replay() for each in self._customers))
        return f"{sum(sent)} updates again, out of order"

    async def _call_supervisor(self, verb: str, program: str) -> None:
        with contextlib.suppress(xmlrpc.client.Fault, *CALL_ERRORS):
            await asyncio.to_thread(getattr(self._mesh.supervisor, verb), program)


def send_signal(pid: int, number: int) -> None:
    """Send a signal to a process that may have exited."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


Dealer = Callable[[Injector, Fault], Awaitable[str]]
PROXIED = frozenset({"cut", "refuse", "delay", "swallow"})
DEALERS: dict[str, Dealer] = {
    "kill": Injector.kill,
    "kill-backend": Injector.kill_backend,
    "kill-postgres": Injector.kill,
    "stop": Injector.stop,
    "stop-server": Injector.stop,
    "restart-postgres": Injector.restart,
    "flush": Injector.flush,
    "wipe": Injector.wipe,
    "cut": Injector.cut,
    "refuse": Injector.upset,
    "delay": Injector.upset,
    "swallow": Injector.upset,
    "clock": Injector.jump,
    "replay": Injector.replay,
}
