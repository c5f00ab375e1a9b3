"""A gRPC server that returns the request of every unary call.

python -m tests.benchmarks.gateway.programs.echo PORT
"""

import sys

import grpc
import uvloop


class Echo(grpc.GenericRpcHandler):
    """Handles all methods."""

    def service(self, _):
        return grpc.unary_unary_rpc_method_handler(self._echo)

    async def _echo(self, request, context):
        return request


async def serve(port: int) -> None:
    server = grpc.aio.server()
    server.add_generic_rpc_handlers([Echo()])
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    await server.wait_for_termination()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
