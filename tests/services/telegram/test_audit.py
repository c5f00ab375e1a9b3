"""Audit events of the bot."""

import pytest
from libral.telegram.v1 import telegram_pb2

from tests.services.helpers import AuditTrail, audited_methods


@pytest.fixture
async def trail(service) -> AuditTrail:
    trail = AuditTrail(service)
    await trail.all()
    return trail


async def test_each_audited_method_has_one_audit_event(mesh, service, telegram, trail, api):
    message = telegram_pb2.SendMessageRequest(chat_id=42, text="こんにちは")
    _, event = await trail.of(telegram.SendMessage(message))
    assert (event.subject, event.actor) == ("chats/42", "services/test")
    invoice = telegram_pb2.Invoice(title="本", description="一冊", payload="order-1", stars=100)
    _, event = await trail.of(
        telegram.CreateInvoice(telegram_pb2.CreateInvoiceRequest(invoice=invoice))
    )
    assert event.actor == "services/test"
    assert trail.methods == audited_methods("libral.telegram.v1.TelegramService")


async def test_what_was_not_sent_is_a_failure(telegram, trail, api):
    message = telegram_pb2.SendMessageRequest(chat_id=42, text="")
    event = await trail.of_failure(
        telegram.SendMessage(message), "INVALID_ARGUMENT", "INVALID_FIELDS"
    )
    assert event.subject == "chats/42"
    assert not api.calls_of("sendMessage")
