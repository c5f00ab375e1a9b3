"""Fakes of systems that tests cannot use: the Bot API, and a gateway for the dashboard."""
