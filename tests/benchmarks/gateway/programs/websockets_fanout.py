"""A bare WebSocket server that sends each line of a TCP client to all with `broadcast`.

python -m tests.benchmarks.gateway.programs.websockets_fanout PORT LINES_PORT
"""

import asyncio
import sys

import uvloop
from websockets.asyncio.server import broadcast, serve


async def run(port: int, lines_port: int) -> None:
    async def listen(connection) -> None:
        await connection.wait_closed()

    async def send_signal(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async for line in reader:
            broadcast(server.connections, line.decode().rstrip("\n"))
        writer.close()

    lines = await asyncio.start_server(send_signal, "127.0.0.1", lines_port)
    async with serve(listen, "127.0.0.1", port, compression=None) as server, lines:
        await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(run(int(sys.argv[1]), int(sys.argv[2])))
