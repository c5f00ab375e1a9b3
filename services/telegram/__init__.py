"""The Telegram bot: keeps every update before it is acknowledged, then acts on it once.

Owns the raw updates and what became of them. Users and payments that come out of an
update belong to their rooms.
"""
