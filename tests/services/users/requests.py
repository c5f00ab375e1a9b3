"""Requests that tests of the users service share, and what the service published."""

import hashlib
import hmac
import json
import time
from urllib.parse import urlencode

from libral.policy.v1 import policy_pb2
from libral.users.v1 import users_pb2
from sqlalchemy import text


def create(login: str, **fields) -> users_pb2.CreateUserRequest:
    user = users_pb2.User(login=login, display_name="名前", roles=[policy_pb2.VIEWER], **fields)
    return users_pb2.CreateUserRequest(user=user, password="a long password")


def seen(telegram_id: int, name: str = "太郎") -> users_pb2.RecordTelegramUserRequest:
    request = users_pb2.RecordTelegramUserRequest(telegram_id=telegram_id, display_name=name)
    request.seen_time.GetCurrentTime()
    return request


async def published(service) -> list[str]:
    async with service.kernel.database.reading() as connection:
        rows = await connection.execute(text("SELECT type FROM users.outbox ORDER BY sequence"))
        return [row.type for row in rows if row.type != "audit.call"]


def bearer(pair: users_pb2.TokenPair) -> list[tuple[str, str]]:
    return [("authorization", f"Bearer {pair.access_token}")]


def init_data(token: str, age: int = 0) -> str:
    fields = {
        "auth_date": str(int(time.time()) - age),
        "user": json.dumps({"id": 42, "first_name": "太郎", "username": "taro"}),
    }
    content = "\n".join(f"{key}={fields[key]}" for key in sorted(fields))
    key = hmac.new(b"WebAppData", token.encode(), hashlib.sha256).digest()
    fields["hash"] = hmac.new(key, content.encode(), hashlib.sha256).hexdigest()
    return urlencode(fields)
