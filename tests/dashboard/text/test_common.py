from libral.policy.v1 import policy_pb2

from dashboard import text
from tests.dashboard.text.enums import names_of


def test_all_roles_have_a_text():
    assert text.common.ROLE_NAMES.keys() == names_of(policy_pb2.Role) - {
        "PUBLIC",
        "AUTHENTICATED",
        "SERVICE",
    }
