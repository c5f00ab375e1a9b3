"""Health and readiness."""

import os
from datetime import datetime

import pytest

from tests.gateway.conftest import PACKAGE

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_health(http):
    response = (await http.get("/healthz")).json()
    assert (response["status"], response["pid"]) == ("SERVING", os.getpid())
    assert datetime.fromisoformat(response["startTime"]).tzinfo is not None


async def test_readiness(http, echo):
    response = await http.get("/readyz")
    assert response.json() == {"status": "SERVING", "upstreams": [PACKAGE]}
