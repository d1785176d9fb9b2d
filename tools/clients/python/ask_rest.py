"""Asks with the package that openapi-python-client makes."""
import json
import os

from kube_whatif_client import Client
from kube_whatif_client.api.questions import path, probability, what_if
from kube_whatif_client.models import (
    Change,
    Destination,
    KubernetesObject,
    PathQuestion,
    PathRequest,
    Problem,
    ProbabilityAnswer,
    ProbabilityQuestion,
    ProbabilityRequest,
    ProbabilityWhatIf,
    ScaleChange,
    ScaleChangeKind,
    ServiceDestination,
    Snapshot,
    Source,
    WhatIfAnswer,
    WhatIfRequest,
)

client = Client(base_url=os.environ["SERVER"])
snapshot = Snapshot(inline=KubernetesObject.from_dict(json.loads(os.environ["SNAPSHOT"])))
service = ServiceDestination(namespace="default", name="nginx-svc", port=80)
question = ProbabilityQuestion(services=[service])

answer = probability.sync(client=client, body=ProbabilityRequest(snapshot=snapshot, probability=question))
assert isinstance(answer, ProbabilityAnswer), answer
fractions = [endpoint.share.fraction for endpoint in answer.result.services[0].endpoints]

scale = ScaleChange(kind=ScaleChangeKind.DEPLOYMENT, namespace="default", name="nginx-deployment", replicas=4)
both = what_if.sync(
    client=client,
    body=WhatIfRequest(snapshot=snapshot, changes=[Change(scale=scale)], probability=question),
)
assert isinstance(both, WhatIfAnswer), both
assert isinstance(both.result, ProbabilityWhatIf), both.result
changed = len(both.result.difference.services)

nobody = PathQuestion(source=Source(pod="default/nobody"), destination=Destination(service=service))
refused = path.sync(client=client, body=PathRequest(snapshot=snapshot, path=nobody))
assert isinstance(refused, Problem), refused

print(json.dumps({"summary": answer.summary, "fractions": fractions, "changed": changed, "code": refused.code.value}))
