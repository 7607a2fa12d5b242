"""A party of sessions at the node whose address is the argument: it does what it is told.

Each line of JSON on standard input is a call, each line on standard output what became of it: `{"value": …}`, or
`{"error": …, "code": …, "message": …}`. It says `ready <host:port>` first, and ends with its input.
"""

import asyncio
import hashlib
import json
import os
import sys
from typing import Any, Dict, List

# The SDK reads its environment while it is imported. It logs to standard output, which is kept for the test.
os.environ["MESH_ADDRESS"] = sys.argv[1]
os.environ.setdefault("MESH_NAME", "party")
os.environ.setdefault("MESH_MODE", str(1 << 11))
OUTPUT = os.fdopen(os.dup(1), "w")
sys.stdout = sys.stderr

import mesh  # noqa: E402
from mesh.macro import ServiceLoader  # noqa: E402
from mesh.prsim import Metadata, Session, Transport  # noqa: E402

from sdk import settled  # noqa: E402


async def open_session(session: str, target: str) -> Session:
    """The SDK keeps the handle of a session until it is released."""
    metadata = {
        Metadata.MESH_VERSION.key(): "",
        Metadata.MESH_TECH_PROVIDER_CODE.key(): "LX",
        Metadata.MESH_TOKEN.key(): "x",
        Metadata.MESH_TARGET_NODE_ID.key(): target,
    }
    return await settled(ServiceLoader.load(Transport).get_default().open(session, metadata))


def digest(payload: bytes) -> Dict[str, Any]:
    return {"bytes": len(payload), "sha256": hashlib.sha256(payload).hexdigest()}


async def push(session: Session, topic: str, texts: List[str], metadata: Dict[str, str]) -> None:
    for text in texts:
        await settled(session.push(text.encode(), metadata, topic))


async def push_random(session: Session, topic: str, size: int) -> Dict[str, Any]:
    payload = os.urandom(size)
    await settled(session.push(payload, {}, topic))
    return digest(payload)


async def pop(session: Session, topic: str, timeout: int, count: int) -> List[str]:
    return [(await settled(session.pop(timeout, topic))).decode() for _ in range(count)]


async def pop_digest(session: Session, topic: str, timeout: int) -> Dict[str, Any]:
    return digest(await settled(session.pop(timeout, topic)))


async def peek(session: Session, topic: str) -> str:
    return (await settled(session.peek(topic))).decode()


async def release(session: Session, topic: str) -> None:
    await settled(session.release(1_000, topic))


CALLS = {call.__name__: call for call in (push, push_random, pop, pop_digest, peek, release)}


async def outcome(call: str, session: str, target: str, arguments: Dict[str, Any]) -> Dict[str, Any]:
    try:
        return {"value": await CALLS[call](await open_session(session, target), **arguments)}
    except Exception as error:  # What a call raises is what is asked about.
        code = getattr(error, "code", None)
        return {"error": type(error).__name__, "code": code, "message": getattr(error, "message", str(error))}


async def main() -> None:
    mesh.init()
    print(f"ready {sys.argv[1]}", file=OUTPUT, flush=True)
    for line in sys.stdin:
        print(json.dumps(await outcome(**json.loads(line))), file=OUTPUT, flush=True)
    os._exit(0)


asyncio.run(main())
