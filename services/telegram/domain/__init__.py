"""The types and rules of updates, chat messages and the bot."""
