"""Listing and changing alert rules."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from services.kernel.calls import set_audit_subject
from services.kernel.clock import Clock, new_id
from services.kernel.database.database import Database
from services.kernel.errors import NotFoundError
from services.metrics.domain.alerts import AlertRule, check_rule
from services.metrics.storage import alerts as storage


class AlertRules:
    """Lists and changes alert rules."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def list_rules(self) -> list[AlertRule]:
        async with self._database.reading() as connection:
            return await storage.list_rules(connection)

    async def create_rule(self, rule: AlertRule) -> AlertRule:
        """Create a rule under a new id.

        Raises:
            InvalidArgumentError: With every invalid field.
        """
        rule = replace(rule, id=str(new_id(self._clock)))
        check_rule(rule)
        set_audit_subject(f"alertRules/{rule.id}")
        async with self._database.transaction() as connection:
            await storage.insert_rule(connection, rule)
        return rule

    async def update_rule(self, rule_id: str, changes: Mapping[str, Any]) -> AlertRule:
        """Change the given fields of a rule.

        Raises:
            NotFoundError: There is no such rule.
            InvalidArgumentError: With every invalid field.
        """
        async with self._database.transaction() as connection:
            before = await storage.find_rule(connection, rule_id)
            if before is None:
                raise rule_not_found(rule_id)
            after = replace(before, **changes)
            check_rule(after)
            if changes:
                await storage.update_rule(connection, rule_id, dict(changes))
        return after

    async def delete_rule(self, rule_id: str) -> None:
        """Delete a rule. The next evaluation resolves its open incident.

        Raises:
            NotFoundError: There is no such rule.
        """
        async with self._database.transaction() as connection:
            if not await storage.delete_rule(connection, rule_id):
                raise rule_not_found(rule_id)


def rule_not_found(rule_id: str) -> NotFoundError:
    return NotFoundError("alert rule", f"alertRules/{rule_id}")
