"""Asks kube-whatif over gRPC, knowing nothing of it but what reflection tells."""
import hashlib
import sys

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

SERVICE = "kube_whatif.v1.KubeWhatif"
channel = grpc.insecure_channel(sys.argv[1])
pool = DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
methods = {method.name: method for method in pool.FindServiceByName(SERVICE).methods}


def rpc(name):
    """A callable of the RPC, and the class of its requests."""
    method = methods[name]
    request, response = GetMessageClass(method.input_type), GetMessageClass(method.output_type)
    kind = {(False, False): "unary_unary", (False, True): "unary_stream", (True, False): "stream_unary"}
    make = getattr(channel, kind[method.client_streaming, method.server_streaming])
    return make(f"/{SERVICE}/{name}", request.SerializeToString, response.FromString), request


def whole(pieces):
    """The answer of which a stream has the pieces."""
    answer = None
    for piece in pieces:
        more = piece.more_text
        piece.ClearField("more_text")
        if answer is None:
            answer = piece
        else:
            answer.MergeFrom(piece)
        if more:
            answer.result.parts[-1].text += more
    return answer


snapshot = open(sys.argv[2], "rb").read()
digest = "sha256:" + hashlib.sha256(snapshot).hexdigest()
upload, UploadRequest = rpc("UploadSnapshot")
chunks = [snapshot[at : at + 65536] for at in range(0, len(snapshot), 65536)]
held = upload(UploadRequest(digest=digest if index == 0 else None, chunk=chunk) for index, chunk in enumerate(chunks))
print(held.bytes, "bytes held:", dict(sorted(held.counts.items())))

probability, Request = rpc("Probability")
request = Request(snapshot={"digest": digest}, changes=[{"scale": {"kind": "Deployment", "namespace": "default", "name": "nginx-deployment", "replicas": 4}}])
request.probability.services.add(namespace="default", name="nginx-svc", port=80)
for service in probability(request, timeout=10).result.services:
    for endpoint in service.endpoints:
        print(f"{endpoint.pod:45} {endpoint.share.fraction:5} {endpoint.share.programmed}")

chains, Request = rpc("Chains")
request = Request(snapshot={"digest": digest}, chains={"nodes": ["node-1"], "families": ["IPv4"], "services": ["default/nginx-svc"]})
print(len(whole(chains(request)).result.parts[0].text.splitlines()), "lines of rules")

path, Request = rpc("Path")
try:
    path(Request(snapshot={"digest": digest}, path={"source": {"pod": "default/nobody"}, "destination": {"address": "10.0.0.1", "port": 80}}))
except grpc.RpcError as error:
    print(error.code(), error.details())
