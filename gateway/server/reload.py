"""Hot reload: detects changed descriptors and replaces the gateway context."""

import asyncio
import contextlib

import structlog

from gateway.contracts.descriptors import Contracts, DescriptorError
from gateway.contracts.discovery import Discovery, DiscoveryResult
from gateway.routing.defaults import build_routes
from gateway.routing.table import RoutesError, RouteTable
from gateway.server.reloadable import ReloadableGateway

log = structlog.get_logger()


class Reloader:
    """Replaces the context of a gateway when its descriptors have changed.

    Descriptors that cannot be served are logged once, and the current context stays.
    """

    def __init__(
        self,
        gateway: ReloadableGateway,
        discovery: Discovery,
        served: DiscoveryResult,
        *,
        auth: bool,
    ) -> None:
        self._gateway = gateway
        self._discovery = discovery
        self._seen = served
        self._auth = auth
        self._problems: list[str] = []
        self._requested = asyncio.Event()

    def request_reload(self) -> None:
        """Reload as soon as possible."""
        self._requested.set()

    async def run(self, seconds: float) -> None:
        """Reload every `seconds`, on request, and when a server has reconnected."""
        watching = asyncio.create_task(self._watch_connections())
        try:
            while True:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._requested.wait(), seconds)
                self._requested.clear()
                await self.reload()
        finally:
            watching.cancel()

    async def reload(self) -> None:
        try:
            found = await self._discovery.read()
            if found == self._seen:
                self._problems = []
                return
            contracts, table = await asyncio.to_thread(build_routes, found, auth=self._auth)
        except RoutesError as error:
            self._refuse(error.problems)
        except DescriptorError as error:
            self._refuse([str(error)])
        except Exception:
            log.exception("reload.failed")
        else:
            self._seen, self._problems = found, []
            self._replace(contracts, table, found)

    def _replace(self, contracts: Contracts, table: RouteTable, found: DiscoveryResult) -> None:
        context = self._gateway.context
        old, new = methods_of(context.contracts), methods_of(contracts)
        self._gateway.replace(context.with_contracts(contracts, table, found.targets))
        log.info("reload.done", added=sorted(new - old), removed=sorted(old - new))

    def _refuse(self, problems: list[str]) -> None:
        if problems != self._problems:
            self._problems = problems
            log.error("reload.refused", problems=problems)

    async def _watch_connections(self) -> None:
        while True:
            await self._discovery.wait_reconnected()
            self.request_reload()


def methods_of(contracts: Contracts) -> set[str]:
    return {method.full_name for method in contracts.methods}
