"""Asks an application for what is built in, with no node but it: its address is the argument. Prints one line of JSON for each case."""

import asyncio
import json
import os
import sys

# The SDK reads its environment while it is imported. It is not told to live without a node, so that it asks for its environ.
os.environ["MESH_ADDRESS"] = sys.argv[1]
os.environ.setdefault("MESH_NAME", "asker")
OUTPUT = os.fdopen(os.dup(1), "w")
sys.stdout = sys.stderr

from typing import Any, Callable, List, Tuple  # noqa: E402

import mesh  # noqa: E402
from mesh.macro import ServiceLoader  # noqa: E402
from mesh.mpc import ServiceProxy  # noqa: E402
from mesh.kinds import Route  # noqa: E402
from mesh.prsim import Builtin, Network  # noqa: E402
from kinds import Kinds  # noqa: E402
from sdk import ASYNC, settled  # noqa: E402

BUILTIN = ServiceProxy.default_proxy(Builtin)
KINDS = ServiceProxy.default_proxy(Kinds)
NETWORK = ServiceProxy.default_proxy(Network)
PARTNER = sys.argv[2] if len(sys.argv) > 2 else ""


def route(address: str = "") -> Route:
    made = Route()
    made.node_id = "LX0000010000020"
    made.inst_id = "JG0100000200000000"
    made.address = address
    return made


CASES: List[Tuple[str, Callable[[], Any]]] = [
    ("a service of the application", lambda: KINDS.scalars("s", 1, 1.5, True)),
    ("own node", lambda: ServiceLoader.load(Network).get_default().get_environ()),
    ("environ", lambda: ServiceProxy.default_proxy(Network).get_environ()),
    ("version", lambda: BUILTIN.version()),
    ("doc", lambda: BUILTIN.doc("", "openapi")),
    ("stats", lambda: BUILTIN.stats(["calls", "status"])),
    ("accessible", lambda: NETWORK.accessible(route(PARTNER))),
    ("refresh", lambda: NETWORK.refresh([route(PARTNER)])),
    ("edge", lambda: NETWORK.get_route("LX0000010000020")),
    ("no edge", lambda: NETWORK.get_route("LX9")),
    ("edges", lambda: NETWORK.get_routes()),
    ("resolve", lambda: NETWORK.put_domains([route(PARTNER)])),
    ("domains", lambda: NETWORK.get_domains()),
    ("disable", lambda: NETWORK.disable("LX0000010000020")),
    ("disabled", lambda: NETWORK.accessible(route())),
    ("enable", lambda: NETWORK.enable("LX0000010000020")),
    ("weave", lambda: NETWORK.weave(route(PARTNER))),
    ("ack", lambda: NETWORK.ack(route())),
    ("debug", lambda: BUILTIN.debug({"log.level": "15"})),
]


def plain(value: Any) -> Any:
    if isinstance(value, list):
        return [plain(one) for one in value]
    fields = ("node_id", "inst_id", "version", "infos", "address", "status")
    return value if isinstance(value, (str, bool, dict, type(None))) else {f: getattr(value, f, None) for f in fields}


async def outcome(call: Callable[[], Any]) -> Any:
    try:
        value = await settled(call())
        return {"value": plain(value)}
    except Exception as error:  # What a call raises is what is asked about.
        return {"error": type(error).__name__, "code": getattr(error, "code", None), "message": str(error)}


async def main() -> None:
    mesh.init()
    for name, call in CASES:
        print(json.dumps({"case": name, "asyncio": ASYNC, **await outcome(call)}), file=OUTPUT, flush=True)
    os._exit(0)


asyncio.run(main())
