"""WebSocket frames that are whole messages (RFC 6455, section 5.2)."""

TEXT, BINARY = 0x81, 0x82
SHORT_MAX, MEDIUM_MAX = 125, 0xFFFF
MEDIUM, LONG = 126, 127


def make_frame(first: int, payload: bytes) -> bytes:
    """Return an unmasked frame. `first` is `TEXT` or `BINARY`."""
    size = len(payload)
    if size <= SHORT_MAX:
        return bytes((first, size)) + payload
    if size <= MEDIUM_MAX:
        return bytes((first, MEDIUM)) + size.to_bytes(2, "big") + payload
    return bytes((first, LONG)) + size.to_bytes(8, "big") + payload


def payload_of(frame: bytes) -> bytes:
    """Return the payload of a frame that `make_frame` made."""
    size = frame[1]
    return frame[2 if size <= SHORT_MAX else 4 if size == MEDIUM else 10 :]
