"""Uses gRPC's own Python packages for reflection and health at the address given, and prints one line of JSON for each case."""

import json
import sys

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

CHANNEL = grpc.insecure_channel(sys.argv[1])
DATABASE = ProtoReflectionDescriptorDatabase(CHANNEL)
POOL = DescriptorPool(DATABASE)


def tell(case: str, value: object) -> None:
    print(json.dumps({"case": case, "value": value}), flush=True)


tell("services", sorted(DATABASE.get_services()))
for name in ("org.ppc.ptp.PrivateTransferTransport", "org.ppc.ptp.PrivateTransferProtocol"):
    methods = POOL.FindServiceByName(name).methods
    tell(name, {method.name: [method.input_type.name, method.output_type.name] for method in methods})
fields = POOL.FindMessageTypeByName("org.ppc.ptp.PushInbound").fields
tell("PushInbound", {field.name: [field.number, field.type] for field in fields})
try:
    POOL.FindServiceByName("org.ppc.ptp.Nothing")
except KeyError:
    tell("unknown", "KeyError")
