from datetime import timedelta

import pytest

from services.kernel.errors import InvalidArgumentError, NotFoundError
from services.metrics.domain.alerts import AlertRule, Comparison, Severity
from services.metrics.service.alert_rules import AlertRules

DRAFT = AlertRule(
    "", "CPU", "cpu", "", Comparison.ABOVE, 0.9, timedelta(0), Severity.INFO, disabled=False
)


@pytest.fixture
def rules(store) -> AlertRules:
    return AlertRules(store.database, store.clock)


async def test_a_rule_gets_an_id(rules):
    rule = await rules.create_rule(DRAFT)
    assert rule.id
    assert await rules.list_rules() == [rule]


async def test_fields_of_a_rule_change_alone(rules):
    rule = await rules.create_rule(DRAFT)
    changed = await rules.update_rule(rule.id, {"threshold": 0.5, "disabled": True})
    assert (changed.threshold, changed.disabled, changed.metric) == (0.5, True, "cpu")
    assert await rules.update_rule(rule.id, {}) == changed
    assert await rules.list_rules() == [changed]


async def test_a_bad_change_is_not_stored(rules):
    rule = await rules.create_rule(DRAFT)
    with pytest.raises(InvalidArgumentError):
        await rules.update_rule(rule.id, {"threshold": 0.5, "severity": 0})
    with pytest.raises(InvalidArgumentError):
        await rules.create_rule(AlertRule(**(vars(DRAFT) | {"metric": ""})))
    assert await rules.list_rules() == [rule]


async def test_a_rule_that_does_not_exist_is_named(rules):
    for change in (rules.update_rule("none", {"threshold": 1.0}), rules.delete_rule("none")):
        with pytest.raises(NotFoundError) as failure:
            await change
        assert failure.value.metadata == {"name": "alertRules/none"}


async def test_a_rule_is_deleted(rules):
    rule = await rules.create_rule(DRAFT)
    await rules.delete_rule(rule.id)
    assert await rules.list_rules() == []
