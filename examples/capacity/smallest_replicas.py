"""Prints the smallest number of replicas for which no pod gets more than a given share of new connections.

    python3 smallest_replicas.py SERVER SNAPSHOT [KIND/]NAMESPACE/NAME SHARE [FROM TO]
    python3 smallest_replicas.py http://localhost:8080 cluster.json default/web 1/20

Exit code 1: no number of replicas in the range does it. Needs Python 3.8, nothing else.
"""
import json
import sys
import urllib.error
import urllib.request

KINDS = {"deployment": "Deployment", "replicaset": "ReplicaSet", "statefulset": "StatefulSet"}


def main(server, snapshot, workload, share, first="1", last="300"):
    *kind, namespace, name = workload.split("/")
    with open(snapshot, encoding="utf-8") as file:
        inline = json.load(file)
    body = {
        "snapshot": {"inline": inline},
        "sweep": {
            "scale": {"kind": KINDS[(kind or ["deployment"])[0].lower()], "namespace": namespace, "name": name},
            "from": int(first),
            "to": int(last),
            "bound": {"largestShare": share},
        },
    }
    request = urllib.request.Request(
        f"{server}/v1/sweep", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request) as response:
            result = json.load(response)["result"]
    except urllib.error.HTTPError as error:
        print(json.load(error)["detail"], file=sys.stderr)
        return 2
    bound = result["bound"]
    if "smallest" not in bound:
        print(bound["explanation"], file=sys.stderr)
        return 1
    point = next(point for point in result["points"] if point["replicas"] == bound["smallest"])
    if "unplaced" in point:
        print(f'{point["unplaced"]["pods"]} of these pods have no place in the cluster as it is', file=sys.stderr)
    print(bound["smallest"])
    return 0


if __name__ == "__main__":
    if len(sys.argv) not in (5, 7):
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
