"""Calls `vectors.kinds.*`, and prints one line of JSON for each case.

`consumer.py <host:port>` calls the provider at the address. `consumer.py <host:port> <node id> …` calls through the node at the address,
all cases once for each of the nodes that it names; an empty id names none.
"""

import asyncio
import json
import os
import sys

# The SDK reads its environment while it is imported. It logs to standard output, which is kept for the test.
ADDRESS, *NODES = sys.argv[1:]
os.environ["MESH_ADDRESS" if NODES else "MESH_DIRECT"] = ADDRESS if NODES else f"vectors={ADDRESS}"
os.environ.setdefault("MESH_NAME", "vectors")
os.environ.setdefault("MESH_MODE", str(1 << 11))
OUTPUT = os.fdopen(os.dup(1), "w")
sys.stdout = sys.stderr

from typing import Any, Callable, List, Tuple  # noqa: E402

import mesh  # noqa: E402
from mesh import Routable, mpi  # noqa: E402
from mesh.kinds import Principal  # noqa: E402
from mesh.mpc import ServiceProxy  # noqa: E402
from kinds import Kinds, Missing, Order, Relay  # noqa: E402
from sdk import in_trace, settled  # noqa: E402

SAFE_INTEGER = 1 << 53
TRACE = "7F0000012736321980028272640"


class Component:
    @mpi
    def kinds(self) -> Routable[Kinds]:
        """Injected by the SDK, directed at each call."""

    @mpi
    def relay(self) -> Routable[Relay]:
        """Injected by the SDK, directed at each call."""

    @mpi
    def missing(self) -> Routable[Missing]:
        """Injected by the SDK, directed at each call."""

    @mpi
    def undirected(self) -> Kinds:
        """Injected by the SDK."""


class Calls:
    """The clients of all cases, directed at a node, or at none."""

    # With a time of its own, a client cannot be directed.
    hurried = ServiceProxy.static_proxy(Kinds, mpi(timeout=600, retries=1))

    def __init__(self, component: Component, node_id: str) -> None:
        def directed(routable: Any) -> Any:
            return routable.any(node(node_id)) if node_id else routable.local()

        self.kinds = directed(component.kinds) if NODES and node_id else component.undirected
        self.missing = directed(component.missing)
        self.seen = directed(component.kinds.within("tenant", "七")).seen
        self.nested = directed(component.relay.within("tenant", "七")).seen


def an_order() -> Order:
    order = Order()
    order.id, order.amount, order.items = "o-1", 12.5, ["x", "y"]
    return order


def node(node_id: str) -> Principal:
    principal = Principal()
    principal.node_id = node_id
    return principal


CASES: List[Tuple[str, Callable[[Calls], Any]]] = [
    ("scalars", lambda c: c.kinds.scalars("节点4", 42, 1.5, True)),
    ("scalars: int beyond 2^53", lambda c: c.kinds.scalars("", -9007199254740993, 1e-07, False)),
    ("collections", lambda c: c.kinds.collections([1, 2, 3], {"a": "b"})),
    ("collections: empty", lambda c: c.kinds.collections([], {})),
    ("bytes", lambda c: c.kinds.binary(bytes([0, 1, 2, 3, 4, 5, 255, 254]))),
    ("bytes: none", lambda c: c.kinds.binary(b"")),
    ("bytes: 1 MiB", lambda c: c.kinds.binary(b"\0" * (1 << 20) + b"\1")),
    ("nested object", lambda c: c.kinds.order(an_order())),
    ("no arguments, null content", lambda c: c.kinds.nothing()),
    ("big", lambda c: c.kinds.big(2**63 - 1)),
    ("big: negative", lambda c: c.kinds.big(-(2**63))),
    ("big: no integer", lambda c: c.kinds.big("x")),
    ("provider throws", lambda c: c.kinds.fails("boom 错误")),
    ("provider throws a coded error", lambda c: c.kinds.denied("no")),
    ("unknown urn", lambda c: c.missing.missing("s")),
    ("deadline", lambda c: c.hurried.slow(3_000)),
    ("seen", lambda c: in_trace(TRACE, c.seen)),
    ("nested call", lambda c: in_trace(TRACE, c.nested)),
]


def shown(value: Any) -> Any:
    """A value as JSON can say it without loss to a reader that has only doubles."""
    if isinstance(value, bytes):
        return {"bytes": len(value), "starts": value[:16].hex()}
    if isinstance(value, int) and abs(value) > SAFE_INTEGER:
        return {"int": str(value)}
    if isinstance(value, Order):
        return {"id": value.id, "amount": value.amount, "items": value.items}
    return value


async def outcome(call: Callable[[Calls], Any], calls: Calls) -> Any:
    try:
        return {"value": shown(await settled(call(calls)))}
    except Exception as error:  # What a call raises is what is asked about.
        # The asyncio SDK lets errors of gRPC through as they are; their `code` is a method.
        code = getattr(error, "code", None)
        code = code().name if callable(code) else code
        return {"error": type(error).__name__, "code": code, "message": getattr(error, "message", str(error))}


async def main() -> None:
    mesh.init()
    # The ids that a direct call names are not looked at: its URN is to hold one.
    for node_id in NODES or ["LX0000010000280"]:
        calls = Calls(Component(), node_id)
        for name, call in CASES:
            if name == "deadline" and NODES and node_id:
                continue
            print(json.dumps({"case": name, "node": node_id, **await outcome(call, calls)}), file=OUTPUT, flush=True)
    os._exit(0)


asyncio.run(main())
