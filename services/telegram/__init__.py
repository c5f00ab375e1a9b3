"""The telegram service owns the Telegram bot and the updates that it receives.

Every update is stored before it is acknowledged, and takes effect exactly once. It registers users
with the users service and records payments with the payments service.
"""
