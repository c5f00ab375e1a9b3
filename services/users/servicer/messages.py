"""Accounts, sessions and keys as messages of the contract."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp
from google.type.money_pb2 import Money
from libral.policy.v1 import policy_pb2
from libral.users.v1 import users_pb2

from services.kernel.errors import invalid
from services.kernel.messages import decode_token, encode_token
from services.kernel.money import to_units
from services.users.domain.accounts import ACTIVE, DELETED, SUSPENDED, User
from services.users.domain.api_keys import ApiKey
from services.users.domain.purchases import Purchase
from services.users.domain.sessions import AccessToken, Session, SignedIn

STATES = {
    ACTIVE: users_pb2.User.ACTIVE,
    SUSPENDED: users_pb2.User.SUSPENDED,
    DELETED: users_pb2.User.DELETED,
}


def stamp(time: datetime | None) -> Timestamp | None:
    if time is None:
        return None
    message = Timestamp()
    message.FromDatetime(time)
    return message


def parse_name(name: str, collection: str, field: str = "name") -> UUID:
    """Reads the id out of a resource name.

    Raises:
        InvalidArgumentError: It is not a name of this collection.
    """
    head, _, tail = name.partition("/")
    try:
        if head == collection:
            return UUID(tail)
    except ValueError:
        pass
    raise invalid(field, f"It must be {collection}/{{id}}.")


def user_message(user: User) -> users_pb2.User:
    return users_pb2.User(
        name=user.name,
        login=user.login or "",
        display_name=user.display_name,
        roles=[policy_pb2.Role.Value(role) for role in user.roles],
        state=STATES[user.public_state],
        telegram_id=user.telegram_id or 0,
        telegram_username=user.telegram_username,
        language_code=user.language_code,
        create_time=stamp(user.create_time),
        update_time=stamp(user.update_time),
        delete_time=stamp(user.delete_time),
        last_seen_time=stamp(user.last_seen_time),
        etag=user.etag,
    )


def purchase_message(purchase: Purchase) -> users_pb2.UserPurchase:
    currency = purchase.currency
    return users_pb2.UserPurchase(
        name=purchase.name,
        currency_code=currency,
        payment_count=purchase.payment_count,
        refund_count=purchase.refund_count,
        paid_amount=money(purchase.paid_amount, currency),
        refunded_amount=money(purchase.refunded_amount, currency),
    )


def money(amount: int, currency: str) -> Money:
    units, nanos = to_units(amount, currency)
    return Money(currency_code=currency, units=units, nanos=nanos)


def session_message(session: Session, current: str) -> users_pb2.Session:
    return users_pb2.Session(
        name=session.name,
        user=session.user,
        create_time=stamp(session.create_time),
        refresh_time=stamp(session.refresh_time),
        expire_time=stamp(session.expire_time),
        current=session.name == current,
    )


def api_key_message(key: ApiKey, secret: str = "") -> users_pb2.ApiKey:
    return users_pb2.ApiKey(
        name=key.name,
        display_name=key.display_name,
        scopes=key.scopes,
        secret=secret,
        create_time=stamp(key.create_time),
        expire_time=stamp(key.expire_time),
        last_use_time=stamp(key.last_use_time),
    )


def access_message(access: AccessToken) -> users_pb2.TokenPair:
    return users_pb2.TokenPair(access_token=access.token, expire_time=stamp(access.expire_time))


def pair_message(signed_in: SignedIn) -> users_pb2.TokenPair:
    pair = access_message(signed_in.access)
    pair.refresh_token = signed_in.refresh_token
    pair.refresh_expire_time.FromDatetime(signed_in.refresh_expire_time)
    pair.user.CopyFrom(user_message(signed_in.user))
    return pair


def key_set_message(public: str, key_id: str) -> users_pb2.JsonWebKeySet:
    key = users_pb2.JsonWebKey(
        kty="OKP", crv="Ed25519", x=public, kid=key_id, use="sig", alg="EdDSA"
    )
    return users_pb2.JsonWebKeySet(keys=[key])


def time_cursor(request: Any) -> tuple[datetime, UUID] | None:
    """Reads the page token of a list that is ordered by time and id."""
    cursor = decode_token(request, 2)
    return (datetime.fromisoformat(cursor[0]), UUID(cursor[1])) if cursor else None


def next_token(request: Any, last: User | Session | ApiKey) -> str:
    return encode_token(request, [last.create_time.astimezone(UTC).isoformat(), str(last.id)])
