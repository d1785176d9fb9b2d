"""Asks with the code that protoc makes of proto/."""
import json
import os

import grpc
from google.rpc import error_details_pb2, status_pb2
from kube_whatif.v1 import changes_pb2, kube_whatif_pb2_grpc, path_pb2, places_pb2, probability_pb2, snapshot_pb2, what_if_pb2

stub = kube_whatif_pb2_grpc.KubeWhatifStub(grpc.insecure_channel(os.environ["GRPC_SERVER"]))
snapshot = snapshot_pb2.Snapshot(inline=os.environ["SNAPSHOT"].encode())
service = places_pb2.ServiceDestination(namespace="default", name="nginx-svc", port=80)
question = probability_pb2.ProbabilityQuestion(services=[service])

answer = stub.Probability(probability_pb2.ProbabilityRequest(snapshot=snapshot, probability=question))
fractions = [endpoint.share.fraction for endpoint in answer.result.services[0].endpoints]

scale = changes_pb2.ScaleChange(kind="Deployment", namespace="default", name="nginx-deployment", replicas=4)
request = what_if_pb2.WhatIfRequest(
    snapshot=snapshot, changes=[changes_pb2.Change(scale=scale)], probability=question
)
whole = what_if_pb2.WhatIfResponse()
for part in stub.WhatIf(request):
    whole.MergeFrom(part)
changed = len(whole.result.probability.difference.services)

nobody = path_pb2.PathQuestion(source=places_pb2.Source(pod="default/nobody"), destination=places_pb2.Destination(service=service))
code = ""
try:
    stub.Path(path_pb2.PathRequest(snapshot=snapshot, path=nobody))
except grpc.RpcError as error:
    metadata = {entry.key: entry.value for entry in error.trailing_metadata()}
    status = status_pb2.Status.FromString(metadata["grpc-status-details-bin"])
    for detail in status.details:
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info):
            code = info.reason

print(json.dumps({"summary": answer.summary, "fractions": fractions, "changed": changed, "code": code}))
