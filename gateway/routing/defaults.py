"""Contracts and routes of descriptors that were not written for this gateway."""

import dataclasses

from gateway.contracts.descriptors import (
    Binding,
    Contracts,
    DescriptorError,
    Method,
    make_contracts,
)
from gateway.contracts.discovery import DiscoveryResult
from gateway.routing.table import RouteTable, make_table

NAMED_MAX = 3


def make_public(contracts: Contracts) -> Contracts:
    """Remove the access rules of all methods."""
    methods = tuple(dataclasses.replace(method, rule=None) for method in contracts.methods)
    return dataclasses.replace(contracts, methods=methods)


def build_routes(findings: DiscoveryResult, *, auth: bool) -> tuple[Contracts, RouteTable]:
    """Return the contracts and routes of a discovery result.

    A method without `google.api.http` is served at `POST /package.Service/Method` with the whole
    request
    as the body. Without `auth` all methods are public.

    Raises:
        DescriptorError: The descriptors cannot be used, or methods lack access rules.
        RoutesError: Some bindings cannot be served.
    """
    contracts = make_contracts(findings.files, findings.source)
    methods = tuple(
        with_binding(method)
        for method in contracts.methods
        if findings.services is None or method.service in findings.services
    )
    contracts = dataclasses.replace(contracts, methods=methods)
    if auth:
        check_rules(contracts)
    else:
        contracts = make_public(contracts)
    return contracts, make_table(contracts)


def with_binding(method: Method) -> Method:
    """Add the default binding to a method without bindings."""
    if method.bindings:
        return method
    binding = Binding(verb="POST", template=method.path, body="*", response_body="")
    return dataclasses.replace(method, bindings=(binding,))


def check_rules(contracts: Contracts) -> None:
    lacking = [
        method.full_name
        for method in contracts.methods
        if method.bindings and not (method.rule and (method.rule.public or method.rule.roles))
    ]
    if lacking:
        surplus = len(lacking) - NAMED_MAX
        names = ", ".join(lacking[:NAMED_MAX]) + (f" and {surplus} more" if surplus > 0 else "")
        raise DescriptorError(
            f"These methods have no access rule (libral.policy.v1.rule): {names}. "
            "Use --no-auth to serve them without authentication."
        )
