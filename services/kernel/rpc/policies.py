"""The access rules of methods, read from the options of their contracts."""

from collections.abc import Iterable

from google.protobuf import descriptor, descriptor_pool
from libral.policy.v1 import policy_pb2

from services.kernel.calls import Caller
from services.kernel.errors import PermissionDeniedError, UnauthenticatedError

OWN_PACKAGE = "libral."


class MissingPolicyError(Exception):
    """A method of Libral's contracts has no access rule."""


class Policies:
    """The access rules of services by method path, such as `/libral.users.v1.UserService/GetUser`.

    Methods of other contracts, such as health, have no rule.

    Raises:
        MissingPolicyError: A method of Libral's contracts has no rule.
    """

    def __init__(self, services: Iterable[str]) -> None:
        self._rules: dict[str, policy_pb2.Rule] = {}
        pool = descriptor_pool.Default()
        for name in services:
            if name.startswith(OWN_PACKAGE):
                for method in pool.FindServiceByName(name).methods:
                    self._rules[f"/{name}/{method.name}"] = rule_of(method)

    def find_rule(self, method: str) -> policy_pb2.Rule | None:
        """Return the rule of a method path, or None if it has none."""
        return self._rules.get(method)


def role_names(rule: policy_pb2.Rule) -> frozenset[str]:
    """Return the names of the roles that a rule admits, such as `ADMIN`."""
    return frozenset(policy_pb2.Role.Name(role) for role in rule.roles)


def rule_of(method: descriptor.MethodDescriptor) -> policy_pb2.Rule:
    """Return the access rule in the options of a method.

    Raises:
        MissingPolicyError: It has none, or one that admits no caller.
    """
    rule: policy_pb2.Rule = method.GetOptions().Extensions[policy_pb2.rule]
    if not rule.public and not rule.roles:
        raise MissingPolicyError(f"{method.full_name} has no policy.")
    return rule


def enforce_rule(rule: policy_pb2.Rule, admitted: frozenset[str], caller: Caller) -> None:
    """Return if the rule admits the caller. `admitted` is `role_names(rule)`.

    Raises:
        UnauthenticatedError: The method is not public and the caller has no token.
        PermissionDeniedError: The caller has no admitted role and not the scope of the rule.
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
