from libral.metrics.v1 import metrics_pb2

STREAM = "/v1/modules:stream"
Module = metrics_pb2.Module


def modules(*found: Module) -> metrics_pb2.ListModulesResponse:
    return metrics_pb2.ListModulesResponse(modules=found)


def slow() -> Module:
    module = Module(
        name="modules/users", state=Module.BUSY, reason="It is slow.", actions=[Module.RESTART]
    )
    module.state_reason.code = Module.StateReason.CHECK_SLOW
    module.state_reason.localized_message.message = "死活監視の応答が遅れています。"
    return module


async def test_each_module_has_a_card_that_follows_it(browser):
    await browser.open("/modules?module=users")
    assert "データなし" in browser.texts()
    await browser.gateway.push(
        STREAM, modules(slow(), Module(name="modules/valkey", state=Module.HEALTHY))
    )
    await browser.sees("2件中 1件が正常")
    assert browser.fact("ユーザーサービス") == "高負荷"
    assert "死活監視の応答が遅れています。" in browser.texts()
    assert "It is slow." not in browser.texts()
    buttons = [one for one in browser.user.find("再起動").elements if one.enabled]
    assert len(buttons) == 1
    assert not browser.button("停止").enabled
    await browser.until(lambda: ("scrollIntoView", [{"block": "center"}]) in browser.scripts.calls)
    await browser.gateway.push(STREAM, modules(Module(name="modules/users", state=Module.HEALTHY)))
    await browser.sees("1件中 1件が正常")
    assert "死活監視の応答が遅れています。" not in browser.texts()


async def test_without_the_metrics_service_states_are_not_known(browser):
    await browser.open("/modules")
    found = [Module(name=f"modules/{name}", state=Module.HEALTHY) for name in ("metrics", "users")]
    await browser.gateway.push(STREAM, modules(*found))
    await browser.sees("2件中 2件が正常")
    await browser.gateway.end(STREAM, "UNAVAILABLE")
    await browser.sees("応答していません。")
    assert browser.fact("メトリクスサービス") == "エラー"
    assert browser.fact("ユーザーサービス") == "不明"


async def test_viewers_get_no_buttons(browser):
    await browser.sign_in("VIEWER")
    await browser.open("/modules")
    await browser.gateway.push(STREAM, modules(slow()))
    await browser.sees("ユーザーサービス")
    assert "閲覧のみの権限では操作できません。" in browser.texts()
    assert "再起動" not in browser.texts(browser.button("サインアウト").__class__)
