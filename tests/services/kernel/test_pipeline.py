"""Servicers are served under the policies of their contracts, or the service does not start."""

import pytest

from services.kernel.server import Room


async def test_a_servicer_without_a_contract_is_refused(mesh):
    async def build(_kernel) -> Room:
        return Room(services=[object()])

    with pytest.raises(TypeError, match="derives from no generated servicer"):
        await mesh.start("users", build)
