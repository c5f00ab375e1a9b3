"""A plain users service: grpc.aio, SQLAlchemy, a transaction with `begin()` for each call.

python -m tests.benchmarks.gateway.programs.plain_service PORT, with DATABASE_URL set
"""

import os
import sys
from uuid import UUID

import grpc
import uvloop
from google.protobuf.timestamp_pb2 import Timestamp
from libral.policy.v1 import policy_pb2
from libral.users.v1 import users_pb2, users_pb2_grpc
from sqlalchemy import MetaData, Table, select
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

PAGE_SIZE = 50


class PlainUsers(users_pb2_grpc.UserServiceServicer):
    """Serves users by id, and the newest users."""

    def __init__(self, engine: AsyncEngine, users: Table) -> None:
        self._engine = engine
        self._users = users

    async def GetUser(self, request, context):  # noqa: N802 - the contract names it
        user_id = UUID(request.name.removeprefix("users/"))
        async with self._engine.begin() as connection:
            query = select(self._users).where(self._users.c.id == user_id)
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            await context.abort(grpc.StatusCode.NOT_FOUND, f"{request.name} does not exist.")
        return to_message(row)

    async def ListUsers(self, request, context):  # noqa: N802 - the contract names it
        columns = self._users.c
        query = (
            select(self._users)
            .where(columns.delete_time.is_(None))
            .order_by(columns.create_time.desc(), columns.id.desc())
            .limit(request.page_size or PAGE_SIZE)
        )
        async with self._engine.begin() as connection:
            rows = (await connection.execute(query)).all()
        return users_pb2.ListUsersResponse(users=map(to_message, rows))


def to_message(row) -> users_pb2.User:
    return users_pb2.User(
        name=f"users/{row.id}",
        login=row.login or "",
        display_name=row.display_name,
        roles=[policy_pb2.Role.Value(role) for role in row.roles],
        state=users_pb2.User.State.Value(row.state),
        telegram_id=row.telegram_id or 0,
        telegram_username=row.telegram_username,
        language_code=row.language_code,
        create_time=to_timestamp(row.create_time),
        update_time=to_timestamp(row.update_time),
        last_seen_time=to_timestamp(row.last_seen_time),
        etag=str(row.version),
    )


def to_timestamp(time) -> Timestamp | None:
    if time is None:
        return None
    message = Timestamp()
    message.FromDatetime(time)
    return message


async def serve(port: int, url: str) -> None:
    engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://"))
    metadata = MetaData(schema="users")
    async with engine.begin() as connection:
        await connection.run_sync(metadata.reflect, only=["users"])
    server = grpc.aio.server()
    servicer = PlainUsers(engine, metadata.tables["users.users"])
    users_pb2_grpc.add_UserServiceServicer_to_server(servicer, server)
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    await server.wait_for_termination()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), os.environ["DATABASE_URL"]))
