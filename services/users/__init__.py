"""The users room owns accounts, roles, sessions and API keys.

It promises that passwords are kept as argon2id hashes only, that a refresh
token works once, that a Telegram user has one account, and that there is
always an admin. Of what each user bought it keeps sums, as it hears of
payments, each counted once.
"""
