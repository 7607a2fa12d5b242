"""Uses the registry of the node at the address given, as any application may. Prints one line of JSON for each case."""

import asyncio
import json
import os
import sys

# The SDK reads its environment while it is imported.
os.environ["MESH_ADDRESS"] = sys.argv[1]
os.environ.setdefault("MESH_NAME", "asker")
OUTPUT = os.fdopen(os.dup(1), "w")
sys.stdout = sys.stderr

from typing import Any, Callable, List, Tuple  # noqa: E402

import mesh  # noqa: E402
from mesh.kinds import Registration, Resource, Service  # noqa: E402
from mesh.mpc import ServiceProxy  # noqa: E402
from mesh.prsim import Registry  # noqa: E402
from sdk import ASYNC, settled  # noqa: E402

REGISTRY = ServiceProxy.default_proxy(Registry)


def registration(address: str) -> Registration:
    service = Service()
    service.urn = "turn.mill.0001000000000000000000000000000000000.lx0000000000000.trustbe.cn"
    service.proto = "grpc"
    service.kind = "MPS"
    service.lang = "Python3"
    content = Resource()
    content.services = [service]
    content.references = []
    made = Registration()
    made.instance_id = made.address = address
    made.name = "mill"
    made.kind = Registration.COMPLEX
    made.timestamp = 30_000
    made.content = content
    made.attachments = {}
    return made


CASES: List[Tuple[str, Callable[[], Any]]] = [
    ("put", lambda: REGISTRY.register(registration("10.0.0.7:1"))),
    ("puts", lambda: REGISTRY.registers([registration("10.0.0.7:1"), registration("10.0.0.7:2")])),
    ("remove", lambda: REGISTRY.unregister(registration("10.0.0.7:1"))),
    # Not of a kind that there is one of: the SDK cannot read a registration, whose content may be anything.
    ("export", lambda: REGISTRY.export("proxy")),
    ("without a name", lambda: REGISTRY.register(registration(""))),
]


async def outcome(call: Callable[[], Any]) -> Any:
    try:
        return {"value": await settled(call())}
    except Exception as error:  # What a call raises is what is asked about.
        return {"error": type(error).__name__, "code": getattr(error, "code", None), "message": str(error)}


async def main() -> None:
    mesh.init()
    for name, call in CASES:
        print(json.dumps({"case": name, "asyncio": ASYNC, **await outcome(call)}), file=OUTPUT, flush=True)
    os._exit(0)


asyncio.run(main())
