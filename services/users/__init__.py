"""The users service owns accounts, roles, sessions, API keys and sums of purchases.

It guarantees that passwords are stored as argon2id hashes only, that a refresh token works once,
that a Telegram user has one account, and that there is always an admin. It adds payments and
refunds to the purchases of their buyer once each, from the events of the payments service.
"""
