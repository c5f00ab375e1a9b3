import socket
from zoneinfo import ZoneInfo

import pytest

from dashboard.api.http import GatewayHttp
from dashboard.config import Settings
from dashboard.pages.registry import METRICS
from dashboard.server import check_port, create_context
from services.common.settings import Environment, SettingsError


def test_a_port_that_is_taken_is_a_wrong_setting():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=f"127.0.0.1:{port}"):
            check_port("127.0.0.1", port)


async def test_pages_share_sessions_and_the_metrics_of_all_tiles(tmp_path):
    environment = {"LIBRAL_DASHBOARD_SESSIONS": str(tmp_path / "s"), "LIBRAL_TIME_ZONE": "UTC"}
    http = GatewayHttp("http://127.0.0.1:9")
    context = create_context(http, Settings.read(Environment(environment)))
    assert context.zone == ZoneInfo("UTC")
    assert context.sessions.http is http
    assert set(METRICS) >= {"system.cpu.utilization", "users.active"}
    await http.close()
