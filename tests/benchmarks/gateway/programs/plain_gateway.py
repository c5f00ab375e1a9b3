"""A plain gateway: FastAPI, a grpc.aio stub, json_format.

python -m tests.benchmarks.gateway.programs.plain_gateway PORT USERS_TARGET
"""

import sys

import fastapi
import grpc
import uvicorn
from google.protobuf import json_format
from libral.users.v1 import users_pb2, users_pb2_grpc

CODES = {grpc.StatusCode.NOT_FOUND: 404, grpc.StatusCode.UNAUTHENTICATED: 401}


def make_app(target: str) -> fastapi.FastAPI:
    app = fastapi.FastAPI()
    stubs: list[users_pb2_grpc.UserServiceStub] = []

    async def call(name: str, message: object, request: fastapi.Request) -> dict:
        if not stubs:
            stubs.append(users_pb2_grpc.UserServiceStub(grpc.aio.insecure_channel(target)))
        metadata = [("authorization", request.headers.get("authorization", ""))]
        try:
            answer = await getattr(stubs[0], name)(message, metadata=metadata, timeout=5)
        except grpc.aio.AioRpcError as error:
            raise fastapi.HTTPException(CODES.get(error.code(), 500), error.details()) from None
        return json_format.MessageToDict(answer, always_print_fields_with_no_presence=True)

    @app.get("/v1/users")
    async def list_users(request: fastapi.Request, pageSize: int = 50) -> dict:  # noqa: N803
        return await call("ListUsers", users_pb2.ListUsersRequest(page_size=pageSize), request)

    @app.get("/v1/users/{user}")
    async def get_user(user: str, request: fastapi.Request) -> dict:
        return await call("GetUser", users_pb2.GetUserRequest(name=f"users/{user}"), request)

    return app


if __name__ == "__main__":
    uvicorn.run(
        make_app(sys.argv[2]),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        log_level="warning",
        access_log=False,
        loop="uvloop",
    )
