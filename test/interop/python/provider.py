"""Provides `vectors.kinds.*` with the reference SDK.

Takes a free port, says `ready <host:port>` on standard output once it listens, and serves until its input ends.
"""

import asyncio
import os
import socket
import sys


def reserve_port() -> socket.socket:
    """A port of our own: the SDK cannot take a free one by itself, and gRPC may share a port, not a busy one."""
    reservation = socket.socket()
    reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    reservation.bind(("0.0.0.0", 0))
    return reservation


RESERVATION = reserve_port()
ADDRESS = f"127.0.0.1:{RESERVATION.getsockname()[1]}"

# The SDK reads its environment while it is imported. It logs to standard output, which is kept for the test.
os.environ["MESH_RUNTIME"] = ADDRESS
os.environ.setdefault("MESH_ADDRESS", ADDRESS)
os.environ.setdefault("MESH_NAME", "vectors")
os.environ.setdefault("MESH_MODE", str(1 << 11))
os.environ.setdefault("MESH_PROC", "0")
OUTPUT = os.fdopen(os.dup(1), "w")
sys.stdout = sys.stderr

import time  # noqa: E402
from typing import Dict, List  # noqa: E402

import mesh  # noqa: E402
from mesh import Mesh, MeshException, mpi, mps  # noqa: E402
from kinds import Kinds, Order, Relay  # noqa: E402
from sdk import ASYNC, native, settled  # noqa: E402


@mps
@native
class KindsProvider(Kinds):
    def scalars(self, s: str, i: int, f: float, b: bool) -> str:
        return f"{s}|{i}|{f}|{b}"

    def collections(self, xs: List[int], kv: Dict[str, str]) -> List[int]:
        return [2 * x for x in xs]

    def binary(self, data: bytes) -> bytes:
        return data[::-1]

    def order(self, order: Order) -> Order:
        return order

    def nothing(self) -> None:
        return None

    def fails(self, why: str) -> str:
        raise RuntimeError(why)

    def denied(self, why: str) -> str:
        raise MeshException("E0000000403", why)

    def big(self, i: int) -> int:
        return i

    def seen(self) -> Dict[str, str]:
        context = Mesh.context()
        return {
            **context.get_attachments(),
            "trace": context.get_trace_id(),
            "span": context.get_span_id(),
            "source": context.get_consumer().node_id,
        }

    def slow(self, ms: int) -> str:
        time.sleep(ms / 1000)
        return "late"


@mps
@native
class RelayProvider(Relay):
    @mpi
    def kinds(self) -> Kinds:
        """The provider at `MESH_ADDRESS`."""

    def seen(self) -> Dict[str, str]:
        return self.kinds.seen()


async def main() -> None:
    mesh.init()
    await settled(mesh.start())
    print(f"ready {ADDRESS}", file=OUTPUT, flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    # Not `mesh.stop()`: it would first report to a node, and wait for one.
    os._exit(0)


asyncio.run(main())
