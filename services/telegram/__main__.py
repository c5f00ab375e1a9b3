"""Runs the telegram room."""

import os

os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # gRPC reads it when it is imported.

from collections.abc import Sequence

from services.kernel.server import Kernel, Room, Task, run
from services.telegram.config import BotSettings, TelegramSettings
from services.telegram.servicer import ConfiguredBot, TelegramServicer


async def build(kernel: Kernel) -> Room:
    settings = TelegramSettings.read(kernel.environment)
    bot = None if settings.bot is None else make_bot(kernel, settings, settings.bot)
    servicer = TelegramServicer(kernel, bot)
    tasks: Sequence[Task] = ()
    if bot is not None:
        worker = bot.worker
        tasks = (worker.run_urgent, worker.run_usual, worker.forget, bot.watcher.run)
    return Room(
        services=[servicer],
        tasks=tasks,
        close=bot.api.close if bot is not None else None,
    )


def make_bot(kernel: Kernel, settings: TelegramSettings, bot: BotSettings) -> ConfiguredBot:
    # aiogram takes 130 MiB, which a mesh without a bot is spared.
    from services.telegram.adapters import BotApi  # noqa: PLC0415
    from services.telegram.handlers import Handlers  # noqa: PLC0415
    from services.telegram.worker import Watcher, Worker  # noqa: PLC0415

    api = BotApi(bot)
    handlers = Handlers(
        api,
        kernel.peers.channel(kernel.settings.users_target),
        kernel.peers.channel(settings.payments_target),
        kernel.peers.channel(settings.metrics_target),
    )
    worker = Worker(kernel, handlers)
    return ConfiguredBot(api, Watcher(kernel, api), worker, bot.webhook_secret)


if __name__ == "__main__":
    run("telegram", build)
