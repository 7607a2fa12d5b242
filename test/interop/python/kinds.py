"""The services that both sides of the tests implement: `vectors.kinds.*`, as recorded in the protocol's RPC vectors."""

from abc import ABC, abstractmethod
from typing import Dict, List

from mesh import mpi
from mesh.macro import index, serializable

from sdk import native


@serializable
class Order:
    @index(0)
    def id(self) -> str:
        return ""

    @index(5)
    def amount(self) -> float:
        return 0.0

    @index(10)
    def items(self) -> List[str]:
        return []


@native
class Kinds(ABC):
    """One method for each kind of value and each way to fail."""

    @abstractmethod
    @mpi("vectors.kinds.scalars")
    def scalars(self, s: str, i: int, f: float, b: bool) -> str:
        """The arguments, each as Python prints it, with bars between."""

    @abstractmethod
    @mpi("vectors.kinds.collections")
    def collections(self, xs: List[int], kv: Dict[str, str]) -> List[int]:
        """Twice each number."""

    @abstractmethod
    @mpi("vectors.kinds.binary")
    def binary(self, data: bytes) -> bytes:
        """The bytes in reverse."""

    @abstractmethod
    @mpi("vectors.kinds.order")
    def order(self, order: Order) -> Order:
        """The order itself."""

    @abstractmethod
    @mpi("vectors.kinds.nothing")
    def nothing(self) -> None:
        """Null."""

    @abstractmethod
    @mpi("vectors.kinds.fails")
    def fails(self, why: str) -> str:
        """Fails with an error that has no code."""

    @abstractmethod
    @mpi("vectors.kinds.denied")
    def denied(self, why: str) -> str:
        """Fails with E0000000403."""

    @abstractmethod
    @mpi("vectors.kinds.big")
    def big(self, i: int) -> int:
        """The integer itself, however large."""

    @abstractmethod
    @mpi("vectors.kinds.seen")
    def seen(self) -> Dict[str, str]:
        """What the provider knows of the call: trace, span, source node, and every attachment."""

    @abstractmethod
    @mpi("vectors.kinds.slow")
    def slow(self, ms: int) -> str:
        """Answers after this time."""


@native
class Relay(ABC):
    """Calls on, to see what a nested call carries."""

    @abstractmethod
    @mpi("vectors.relay.seen")
    def seen(self) -> Dict[str, str]:
        """What `vectors.kinds.seen` says to a call made from within this one."""


@native
class Missing(ABC):
    """Nobody provides this."""

    @abstractmethod
    @mpi("vectors.kinds.missing")
    def missing(self, s: str) -> str:
        """Never answers with success."""
