"""The recorded wire with plain `grpcio`, for where the SDK does not load.

`raw.py call <host:port> <rpc.json>` sends each recorded request, as a unary call and through a bidirectional stream, and
prints one line of JSON with both answers. `raw.py serve <rpc.json>` answers each recorded request with its recorded reply,
prints `ready <host:port>` and then one line of JSON for each request, and serves until its input ends.
"""

import json
import sys
import threading
from concurrent import futures
from typing import Any, Dict, Iterator, List

import grpc

PATH = "/mesh-rpc/v1"
NO_SERVICE = '{"code": "E0000000617", "message": "nothing is recorded for this request"}'
Vector = Dict[str, Any]


def same(payload: bytes) -> bytes:
    return payload


def show(value: Any) -> None:
    print(value if isinstance(value, str) else json.dumps(value), flush=True)


def call(address: str, vectors: List[Vector]) -> None:
    with grpc.insecure_channel(address, compression=grpc.Compression.Gzip) as channel:
        unary = channel.unary_unary(PATH, same, same)
        stream = channel.stream_stream(PATH, same, same)
        for vector in vectors:
            request = vector["request"].encode()
            sent = {"metadata": [tuple(pair) for pair in vector["metadata"]], "timeout": 10}
            answers = list(stream(iter([request, request]), **sent))
            show({"case": vector["case"], "unary": unary(request, **sent).decode(), "stream": [a.decode() for a in answers]})


class Replay(grpc.GenericRpcHandler):
    def __init__(self, vectors: List[Vector]) -> None:
        self.vectors = vectors
        self.printing = threading.Lock()

    def service(self, details: grpc.HandlerCallDetails) -> Any:
        if details.method != PATH:
            return None
        return grpc.stream_stream_rpc_method_handler(self.answer, same, same)

    def answer(self, requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        metadata = {name: value for name, value in context.invocation_metadata() if isinstance(value, str)}
        for request in requests:
            with self.printing:
                show({"metadata": metadata, "request": request.decode()})
            yield self.reply(metadata.get("mesh-urn", ""), request).encode()

    def reply(self, urn: str, request: bytes) -> str:
        asked = arguments(request)
        for vector in self.vectors:
            if dict(vector["metadata"])["mesh-urn"] == urn and arguments(vector["request"].encode()) == asked:
                return vector["reply"]
        return NO_SERVICE


def arguments(request: bytes) -> Any:
    """What a request asks, without the context that it carries."""
    try:
        return {name: value for name, value in json.loads(request).items() if name != "attachments"}
    except ValueError:
        return request


def serve(vectors: List[Vector]) -> None:
    server = grpc.server(futures.ThreadPoolExecutor(8), [Replay(vectors)], compression=grpc.Compression.Gzip)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    show(f"ready 127.0.0.1:{port}")
    sys.stdin.read()
    server.stop(None)


def main(command: str, *rest: str) -> None:
    with open(rest[-1], encoding="utf-8") as file:
        vectors = json.load(file)
    if command == "call":
        call(rest[0], vectors)
    else:
        serve(vectors)


main(*sys.argv[1:])
