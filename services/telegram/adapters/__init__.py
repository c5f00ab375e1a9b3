"""Clients of the Bot API and of other services.

`bot_api` and `update_reader` import aiogram, which takes 130 MiB of memory. Other modules import
them for type checking only. A service without a bot token does not load aiogram.
"""
