"""The bureau's other application, with the reference Python SDK. Like bureau.ts it registers at the bureau's node (MESH_ADDRESS).

MESH_RUNTIME says where it listens. It says `ready` once it does, and serves until its input ends.
"""

import os
import sys
from abc import ABC, abstractmethod

# The SDK logs to standard output, which is kept for the line that main.ts waits for.
OUTPUT = sys.stdout
sys.stdout = open(os.devnull, "w")

import mesh  # noqa: E402
from mesh import mpi, mps  # noqa: E402


class Fraud(ABC):
    @abstractmethod
    @mpi("bureau.fraud.unusual")
    def unusual(self, customer: str, amount: int) -> bool:
        """Whether an amount is unusual for a customer."""


@mps
class FraudProvider(Fraud):
    def unusual(self, customer: str, amount: int) -> bool:
        return amount > 10_000


mesh.init()
mesh.start()
print("ready", file=OUTPUT, flush=True)
sys.stdin.read()
os._exit(0)
