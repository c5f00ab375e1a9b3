"""The public keys of users' tokens, as the users room publishes them."""

import base64

import grpc
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from libral.users.v1 import users_pb2, users_pb2_grpc

from services.kernel.errors import UnavailableError
from services.kernel.rpc.tokens import Keys


class UserKeys:
    """Fetches the JSON Web Key Set over a channel to the users room."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = users_pb2_grpc.AuthServiceStub(channel)

    async def fetch(self) -> Keys:
        try:
            key_set = await self._stub.GetJsonWebKeySet(users_pb2.GetJsonWebKeySetRequest())
        except grpc.aio.AioRpcError as error:
            raise UnavailableError(
                "KEYS_UNAVAILABLE",
                "The keys that tokens are verified with cannot be fetched.",
                localized="認証サービスに接続できません。",
            ) from error
        return {
            key.kid: Ed25519PublicKey.from_public_bytes(decode_base64url(key.x))
            for key in key_set.keys
        }


def decode_base64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
