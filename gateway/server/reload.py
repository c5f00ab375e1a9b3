"""Reload: a gateway follows the descriptors that it serves by."""

import asyncio
import contextlib

import structlog

from gateway.contracts.descriptors import Contracts, DescriptorError
from gateway.contracts.discovery import Discovery, Findings
from gateway.routing.defaults import make
from gateway.routing.table import RoutesError, Table
from gateway.server.generations import Generations

log = structlog.get_logger()


class Reloader:
    """Replaces the core of a gateway when its descriptors have changed.

    What cannot be served is logged once, and what served before goes on.
    """

    def __init__(
        self, generations: Generations, discovery: Discovery, served: Findings, *, auth: bool
    ) -> None:
        self._generations = generations
        self._discovery = discovery
        self._seen = served
        self._auth = auth
        self._problems: list[str] = []
        self._asked = asyncio.Event()

    def ask(self) -> None:
        """Asks for a reload at once."""
        self._asked.set()

    async def run(self, seconds: float) -> None:
        """Reloads every so many seconds, when asked, and when a server has returned."""
        watch = asyncio.create_task(self._watch())
        try:
            while True:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._asked.wait(), seconds)
                self._asked.clear()
                await self.reload()
        finally:
            watch.cancel()

    async def reload(self) -> None:
        try:
            found = await self._discovery.read()
            if found == self._seen:
                self._problems = []
                return
            contracts, table = await asyncio.to_thread(make, found, auth=self._auth)
        except RoutesError as error:
            self._refuse(error.problems)
        except DescriptorError as error:
            self._refuse([str(error)])
        except Exception:
            log.exception("reload.failed")
        else:
            self._seen, self._problems = found, []
            self._replace(contracts, table, found)

    def _replace(self, contracts: Contracts, table: Table, found: Findings) -> None:
        core = self._generations.core
        old, new = methods_of(core.contracts), methods_of(contracts)
        self._generations.replace(core.renewed(contracts, table, found.targets))
        log.info("reload.done", added=sorted(new - old), removed=sorted(old - new))

    def _refuse(self, problems: list[str]) -> None:
        if problems != self._problems:
            self._problems = problems
            log.error("reload.refused", problems=problems)

    async def _watch(self) -> None:
        while True:
            await self._discovery.returned()
            self.ask()


def methods_of(contracts: Contracts) -> set[str]:
    return {method.full_name for method in contracts.methods}
