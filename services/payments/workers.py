"""Background loops of the payments service."""

import asyncio

from services.payments.service.refunds import RefundService

INTERVAL_SECONDS = 10.0


class RefundWorker:
    """Completes, every 10 seconds, refunds that were interrupted by a crash or an outage."""

    def __init__(self, refunds: RefundService) -> None:
        self._refunds = refunds

    async def run(self) -> None:
        while True:
            await self._refunds.complete_pending_refunds()
            await asyncio.sleep(INTERVAL_SECONDS)
