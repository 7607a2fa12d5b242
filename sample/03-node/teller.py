"""The bank's other application, with the reference Python SDK. Like bank.ts it knows the bank's node (MESH_ADDRESS) and nobody else."""

import os
import sys
from abc import ABC, abstractmethod

# The SDK logs to standard output, which is kept for what this application prints.
OUTPUT = sys.stdout
sys.stdout = open(os.devnull, "w")

import mesh  # noqa: E402
from mesh import Routable, mpi  # noqa: E402
from mesh.kinds import Principal  # noqa: E402

BUREAU = Principal()
BUREAU.node_id = "LX0000010000020"
BUREAU.inst_id = "JG0100000200000000"


class Credit(ABC):
    @abstractmethod
    @mpi("bureau.credit.score")
    def score(self, customer: str) -> int:
        """Provided in Nest: bureau.ts."""


class Fraud(ABC):
    @abstractmethod
    @mpi("bureau.fraud.unusual")
    def unusual(self, customer: str, amount: int) -> bool:
        """Provided in Python: fraud.py."""


class Teller:
    @mpi
    def credit(self) -> Routable[Credit]:
        """Injected by the SDK."""

    @mpi
    def fraud(self) -> Routable[Fraud]:
        """Injected by the SDK."""


mesh.init()
teller = Teller()
score = teller.credit.any(BUREAU).score("bob")
unusual = teller.fraud.any(BUREAU).unusual("bob", 99_000)
print(f"teller   the score of bob, from Nest: {score}; an amount, judged in Python: {unusual}", file=OUTPUT, flush=True)
os._exit(0 if (score, unusual) == (540, True) else 1)
