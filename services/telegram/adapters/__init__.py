"""Telegram's Bot API and the services that updates are reported to.

`bot_api` and `update_reader` import aiogram, which takes 130 MiB of memory. Other modules import
them for type checking only, so that a service without a bot token does not load it.
"""
