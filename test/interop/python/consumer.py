"""Calls `vectors.kinds.*` at the address given as the argument, and prints one line of JSON for each case."""

import asyncio
import json
import os
import sys

# The SDK reads its environment while it is imported. It logs to standard output, which is kept for the test.
os.environ["MESH_DIRECT"] = f"vectors={sys.argv[1]}"
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
    def kinds(self) -> Kinds:
        """Injected by the SDK."""

    @mpi
    def routed(self) -> Routable[Kinds]:
        """The same, directed at each call."""

    @mpi
    def routed_relay(self) -> Routable[Relay]:
        """Injected by the SDK, directed at each call."""

    hurried = ServiceProxy.static_proxy(Kinds, mpi(timeout=600, retries=1))

    @mpi
    def missing(self) -> Missing:
        """Injected by the SDK."""


def an_order() -> Order:
    order = Order()
    order.id, order.amount, order.items = "o-1", 12.5, ["x", "y"]
    return order


def node(node_id: str) -> Principal:
    principal = Principal()
    principal.node_id = node_id
    return principal


CASES: List[Tuple[str, Callable[[Component], Any]]] = [
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
    ("seen", lambda c: in_trace(TRACE, c.routed.within("tenant", "七").any(node("LX0000010000280")).seen)),
    ("nested call", lambda c: in_trace(TRACE, c.routed_relay.within("tenant", "七").any(node("LX0000010000280")).seen)),
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


async def outcome(call: Callable[[Component], Any], component: Component) -> Any:
    try:
        return {"value": shown(await settled(call(component)))}
    except Exception as error:  # What a call raises is what is asked about.
        # The asyncio SDK lets errors of gRPC through as they are; their `code` is a method.
        code = getattr(error, "code", None)
        code = code().name if callable(code) else code
        return {"error": type(error).__name__, "code": code, "message": getattr(error, "message", str(error))}


async def main() -> None:
    mesh.init()
    component = Component()
    for name, call in CASES:
        print(json.dumps({"case": name, **await outcome(call, component)}), file=OUTPUT, flush=True)
    os._exit(0)


asyncio.run(main())
