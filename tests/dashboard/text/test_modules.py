from libral.metrics.v1 import metrics_pb2

from dashboard import text
from tests.dashboard.text.enums import names_of


def test_all_states_have_a_text():
    assert text.modules.STATES.keys() == names_of(metrics_pb2.Module.State) - {"UNKNOWN"}
