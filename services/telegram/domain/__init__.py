"""Types and rules of updates, chat messages and the bot."""
