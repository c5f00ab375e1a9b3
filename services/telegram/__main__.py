"""Run the telegram service."""

import os

os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # gRPC reads it when it is imported.

from services.kernel.server import Kernel, ServiceDefinition, run
from services.telegram.adapters.services import ModulesClient, PaymentsClient, UsersClient
from services.telegram.config import BotSettings, TelegramSettings
from services.telegram.service.bot import BotService
from services.telegram.service.inbox import UpdateInbox
from services.telegram.service.update_handler import UpdateHandler
from services.telegram.service.update_processor import UpdateProcessor
from services.telegram.servicer import TelegramServicer
from services.telegram.workers import CleanupWorker, ConnectionWorker, UpdateWorker


async def build(kernel: Kernel) -> ServiceDefinition:
    settings = TelegramSettings.read(kernel.environment)
    if settings.bot is not None:
        return build_with_bot(kernel, settings, settings.bot)
    inbox = UpdateInbox(kernel.database, kernel.clock, webhook_secret=None)
    return ServiceDefinition(services=[TelegramServicer(inbox, bot=None)])


def build_with_bot(
    kernel: Kernel, settings: TelegramSettings, bot_settings: BotSettings
) -> ServiceDefinition:
    # aiogram takes 130 MiB of memory, so it is imported only if a bot is configured.
    from services.telegram.adapters.bot_api import BotApi  # noqa: PLC0415
    from services.telegram.adapters.update_reader import UpdateReader  # noqa: PLC0415

    api = BotApi(bot_settings)
    handler = UpdateHandler(
        UpdateReader(api.bot),
        api,
        UsersClient(kernel.channels.get_channel(kernel.settings.users_target)),
        PaymentsClient(kernel.channels.get_channel(settings.payments_target)),
        ModulesClient(kernel.channels.get_channel(settings.metrics_target)),
    )
    inbox = UpdateInbox(kernel.database, kernel.clock, bot_settings.webhook_secret)
    processor = UpdateProcessor(kernel.database, kernel.clock, kernel.outbox, handler)
    bot = BotService(api, kernel.clock)
    return ServiceDefinition(
        services=[TelegramServicer(inbox, bot)],
        tasks=(
            UpdateWorker(processor, inbox.urgent_arrived, urgent=True).run,
            UpdateWorker(processor, inbox.regular_arrived, urgent=False).run,
            CleanupWorker(processor).run,
            ConnectionWorker(bot).run,
        ),
        close=api.close,
    )


if __name__ == "__main__":
    run("telegram", build)
