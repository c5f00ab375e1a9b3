"""Conversion of accounts, sessions and API keys to messages of the contract."""

from datetime import datetime
from typing import Any
from uuid import UUID

from libral.policy.v1 import policy_pb2
from libral.users.v1 import users_pb2

from services.kernel.messages import PageRequest, money, timestamp
from services.users.domain.accounts import ACTIVE, DELETED, SUSPENDED, User
from services.users.domain.api_keys import ApiKey
from services.users.domain.purchases import Purchase
from services.users.domain.sessions import AccessToken, Session, SignedIn

STATES = {
    ACTIVE: users_pb2.User.ACTIVE,
    SUSPENDED: users_pb2.User.SUSPENDED,
    DELETED: users_pb2.User.DELETED,
}


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
        create_time=timestamp(user.create_time),
        update_time=timestamp(user.update_time),
        delete_time=timestamp(user.delete_time),
        last_seen_time=timestamp(user.last_seen_time),
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


def session_message(session: Session, current: str) -> users_pb2.Session:
    return users_pb2.Session(
        name=session.name,
        user=session.user,
        create_time=timestamp(session.create_time),
        refresh_time=timestamp(session.refresh_time),
        expire_time=timestamp(session.expire_time),
        current=session.name == current,
    )


def api_key_message(key: ApiKey, secret: str = "") -> users_pb2.ApiKey:
    return users_pb2.ApiKey(
        name=key.name,
        display_name=key.display_name,
        scopes=key.scopes,
        secret=secret,
        create_time=timestamp(key.create_time),
        expire_time=timestamp(key.expire_time),
        last_use_time=timestamp(key.last_use_time),
    )


def access_message(access: AccessToken) -> users_pb2.TokenPair:
    return users_pb2.TokenPair(access_token=access.token, expire_time=timestamp(access.expire_time))


def pair_message(signed_in: SignedIn) -> users_pb2.TokenPair:
    return users_pb2.TokenPair(
        access_token=signed_in.access.token,
        expire_time=timestamp(signed_in.access.expire_time),
        refresh_token=signed_in.refresh_token,
        refresh_expire_time=timestamp(signed_in.refresh_expire_time),
        user=user_message(signed_in.user),
    )


def key_set_message(public: str, key_id: str) -> users_pb2.JsonWebKeySet:
    key = users_pb2.JsonWebKey(
        kty="OKP", crv="Ed25519", x=public, kid=key_id, use="sig", alg="EdDSA"
    )
    return users_pb2.JsonWebKeySet(keys=[key])


def page_by_time(request: Any) -> PageRequest:
    """Return the page of a list that is ordered by time and id."""
    return PageRequest(request, datetime.fromisoformat, UUID)


def time_cursor(item: User | Session | ApiKey) -> tuple[datetime, UUID]:
    return item.create_time, item.id
