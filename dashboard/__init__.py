"""The operators' dashboard, in Japanese. Knows only the gateway's HTTP and WebSocket.

__main__ → server → pages → parts → hub → journal → streams → sessions, view → gateway →
formats, fonts, text, config
"""
