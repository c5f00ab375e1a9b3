"""The operators' dashboard, in Japanese. Knows only the gateway's HTTP and WebSocket.

__main__ → server → pages → parts → hub, sessions → gateway → formats, fonts, text, config
"""
