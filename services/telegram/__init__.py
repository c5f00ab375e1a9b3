"""The telegram service owns the Telegram bot and the updates that it receives.

Every update is stored before it is acknowledged, and then takes effect once. Users and payments
that come out of an update belong to their services.
"""
