"""The public keys of users' tokens, which the users service publishes."""

import grpc
from google.protobuf.json_format import MessageToDict
from libral.users.v1 import users_pb2, users_pb2_grpc

from services.common.tokens import Keys, read_key_set
from services.kernel.errors import UnavailableError


class UserKeys:
    """Fetches the JSON Web Key Set over a channel to the users service."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = users_pb2_grpc.AuthServiceStub(channel)

    async def fetch_keys(self) -> Keys:
        """Return the Ed25519 keys by key id.

        Raises:
            UnavailableError: The users service does not respond.
        """
        try:
            key_set = await self._stub.GetJsonWebKeySet(users_pb2.GetJsonWebKeySetRequest())
        except grpc.aio.AioRpcError as error:
            raise UnavailableError(
                "KEYS_UNAVAILABLE",
                "The keys that tokens are verified with cannot be fetched.",
                localized="認証サービスに接続できません。",
            ) from error
        return read_key_set(MessageToDict(key_set))
