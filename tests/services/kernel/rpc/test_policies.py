"""Every method of Libral's contracts has a rule, which admits by role or scope."""

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool
from libral.policy.v1 import policy_pb2

from services.kernel.calls import ANONYMOUS, Caller
from services.kernel.errors import PermissionDeniedError, UnauthenticatedError
from services.kernel.rpc.policies import (
    MissingPolicyError,
    Policies,
    enforce_rule,
    role_names,
    rule_of,
)

RULE = policy_pb2.Rule(roles=[policy_pb2.OPERATOR, policy_pb2.ADMIN], scope="users.write")


def caller(*, roles: tuple[str, ...] = (), scopes: tuple[str, ...] = ()) -> Caller:
    return Caller("users/1", frozenset(roles), frozenset(scopes))


@pytest.mark.parametrize(
    "admitted", [caller(roles=("ADMIN",)), caller(scopes=("users.read", "users.write"))]
)
def test_a_role_or_the_scope_admits(admitted):
    enforce_rule(RULE, role_names(RULE), admitted)


@pytest.mark.parametrize(
    "refused",
    [caller(), caller(roles=("VIEWER",)), caller(scopes=("users.read",)), caller(roles=("admin",))],
)
def test_others_are_refused(refused):
    with pytest.raises(PermissionDeniedError) as denied:
        enforce_rule(RULE, role_names(RULE), refused)
    assert denied.value.metadata == {"roles": "ADMIN,OPERATOR", "scope": "users.write"}


def test_a_rule_without_scope_admits_no_scope():
    rule = policy_pb2.Rule(roles=[policy_pb2.ADMIN])
    with pytest.raises(PermissionDeniedError):
        enforce_rule(rule, role_names(rule), caller(scopes=("",)))


def test_anonymous_callers_reach_public_methods_only():
    enforce_rule(policy_pb2.Rule(public=True), frozenset(), ANONYMOUS)
    with pytest.raises(UnauthenticatedError):
        enforce_rule(RULE, role_names(RULE), ANONYMOUS)


def test_rules_are_found_by_path_and_foreign_contracts_have_none():
    policies = Policies(["libral.users.v1.UserService", "grpc.health.v1.Health"])
    rule = policies.find_rule("/libral.users.v1.UserService/GetUser")
    assert rule is not None
    assert rule.scope == "users.read"
    assert policies.find_rule("/grpc.health.v1.Health/Check") is None
    assert policies.find_rule("/libral.payments.v1.PaymentService/GetPayment") is None


def test_a_method_without_a_rule_is_an_error():
    file = descriptor_pb2.FileDescriptorProto(name="x.proto", package="libral.x.v1")
    file.message_type.add(name="Empty")
    method = file.service.add(name="X").method.add(name="Do")
    method.input_type = method.output_type = ".libral.x.v1.Empty"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    with pytest.raises(MissingPolicyError, match=r"libral\.x\.v1\.X\.Do"):
        rule_of(pool.FindServiceByName("libral.x.v1.X").methods[0])
