"""Stand-ins for what cannot be here: Telegram's servers."""
