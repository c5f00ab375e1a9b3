"""The servicer for the kernel and for bare grpc.aio: it returns a user without a database."""

from libral.policy.v1 import policy_pb2
from libral.users.v1 import users_pb2, users_pb2_grpc


class CannedUsers(users_pb2_grpc.UserServiceServicer):
    """Returns a new user message for each GetUser call."""

    async def GetUser(self, request, context):  # noqa: N802 - the contract names it
        return users_pb2.User(
            name=request.name,
            login="canned",
            display_name="利用者",
            roles=[policy_pb2.USER],
            state=users_pb2.User.ACTIVE,
            telegram_id=1_000_000_007,
            language_code="ja",
            create_time={"seconds": 1_760_000_000, "nanos": 1_000},
            update_time={"seconds": 1_760_000_001, "nanos": 2_000},
            etag="1",
        )
