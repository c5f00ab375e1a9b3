"""The access rule of every method, read from the contracts."""

from collections.abc import Iterable

from google.protobuf import descriptor, descriptor_pool
from libral.policy.v1 import policy_pb2

from services.kernel.calls import Caller
from services.kernel.errors import PermissionDeniedError, UnauthenticatedError

OWN_PACKAGE = "libral."


class MissingPolicyError(Exception):
    """A method of our own contracts has no rule."""


class Policies:
    """Method path → rule. Methods of foreign contracts, such as health, have none."""

    def __init__(self, services: Iterable[str]) -> None:
        self._rules: dict[str, policy_pb2.Rule] = {}
        pool = descriptor_pool.Default()
        for name in services:
            if name.startswith(OWN_PACKAGE):
                for method in pool.FindServiceByName(name).methods:
                    self._rules[f"/{name}/{method.name}"] = rule_of(method)

    def find(self, method: str) -> policy_pb2.Rule | None:
        return self._rules.get(method)


def role_names(rule: policy_pb2.Rule) -> frozenset[str]:
    return frozenset(policy_pb2.Role.Name(role) for role in rule.roles)


def rule_of(method: descriptor.MethodDescriptor) -> policy_pb2.Rule:
    rule: policy_pb2.Rule = method.GetOptions().Extensions[policy_pb2.rule]
    if not rule.public and not rule.roles:
        raise MissingPolicyError(f"{method.full_name} has no policy.")
    return rule


def enforce(rule: policy_pb2.Rule, admitted: frozenset[str], caller: Caller) -> None:
    """Admits the caller or raises. `admitted` are the names of the roles of the rule.

    Raises:
        UnauthenticatedError: The method asks for a token and there is none.
        PermissionDeniedError: The caller holds no role and no scope that may.
    """
    if rule.public:
        return
    if not caller.subject:
        raise UnauthenticatedError(
            "TOKEN_MISSING", "This needs a bearer token.", localized="サインインしてください。"
        )
    if caller.roles & admitted or (rule.scope and rule.scope in caller.scopes):
        return
    raise PermissionDeniedError(
        "PERMISSION_DENIED",
        f"This needs one of the roles {', '.join(sorted(admitted))}.",
        localized="この操作を行う権限がありません。",
        metadata={"roles": ",".join(sorted(admitted)), "scope": rule.scope},
    )
