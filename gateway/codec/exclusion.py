"""Mutually exclusive members of a JSON object: both names of a field, fields of a oneof."""

from typing import Any

from google.protobuf.descriptor import Descriptor

from gateway.http.errors import Violation


def exclusive_groups(kind: Descriptor) -> list[tuple[list[str], bool]]:
    """Return the groups of mutually exclusive members, and whether null counts as given."""
    groups = [
        ([field.json_name, field.name], True)
        for field in kind.fields
        if field.name != field.json_name
    ]
    for oneof in kind.oneofs:
        if len(oneof.fields) > 1:
            names = {name for field in oneof.fields for name in (field.json_name, field.name)}
            groups.append((sorted(names), False))
    return groups


def check_exclusive(groups: list[tuple[list[str], bool]], value: dict[str, Any]) -> list[Violation]:
    violations: list[Violation] = []
    for names, nulls in groups:
        given = [n for n in value if n in names and (nulls or value[n] is not None)]
        if len(given) > 1:
            violations.append(Violation(given[1], f"excludes {given[0]}, which is also given."))
    return violations
