"""guest.py PLAN RESULT MODULES: runs as root inside user-mode Linux. Builds the hosts of a plan, and for each of its scenarios gives
nodes their rules, sets and virtual servers, opens connections, and writes what became of each.

A result is one JSON line for each scenario: {"index": N, "error": TEXT} or {"index": N, "flows": [[OBSERVED, ...], ...], "texts": [...]}.
OBSERVED is CONNECTED HOST ADDRESS:PORT sees SOURCE, REFUSED, TIMEOUT or UNREACHABLE."""
import ctypes
import errno
import glob
import json
import os
import select
import socket
import subprocess
import sys
import time

PLAN, RESULT, MODULES = sys.argv[1:4]
LIBC = ctypes.CDLL(None, use_errno=True)
FINIT_MODULE, CLONE_NEWNET = 313, 0x40000000
NEEDED = """ip_vs ip_vs_rr ip_vs_wrr ip_vs_lc ip_vs_wlc ip_vs_sed ip_vs_nq ip_vs_sh ip_vs_dh ip_vs_mh ip_vs_lblc ip_vs_lblcr dummy veth
bridge br_netfilter ip_set_hash_ip ip_set_hash_ipport ip_set_hash_ipportip ip_set_hash_ipportnet ip_set_bitmap_port xt_set xt_ipvs
xt_mark xt_comment xt_conntrack xt_addrtype xt_nat xt_MASQUERADE xt_physdev ipt_REJECT ip6t_REJECT iptable_nat iptable_filter
ip6table_nat ip6table_filter nf_conntrack_netlink"""


def load_modules():
    files = {}
    for path in glob.glob(f"{MODULES}/{os.uname().release}/**/*.ko", recursive=True):
        files[os.path.basename(path)[:-3].replace("-", "_")] = path
    loaded = set()

    def load(name):
        if name in loaded or name not in files:
            return
        loaded.add(name)
        with open(files[name], "rb") as file:
            content = file.read()
            fields = [part for part in content.split(b"\0") if part.startswith(b"depends=")]
            for other in (fields[0][8:].decode().split(",") if fields else []):
                load(other.replace("-", "_"))
            LIBC.syscall(FINIT_MODULE, file.fileno(), b"", 0)

    for name in NEEDED.split():
        load(name)


def run(command, text=None, must=True):
    done = subprocess.run(command, input=text, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if must and done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()[:400]}")
    return done.stdout


HERE = os.open("/proc/self/ns/net", os.O_RDONLY)
spaces = {}


class inside:
    """The network namespace of a host, for what is made within it."""

    def __init__(self, space):
        if space not in spaces:
            spaces[space] = os.open(f"/run/netns/{space}", os.O_RDONLY)
        self.file = spaces[space]

    def __enter__(self):
        if LIBC.setns(self.file, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")

    def __exit__(self, *_):
        LIBC.setns(HERE, CLONE_NEWNET)


def sysctl(values):
    for key, value in values.items():
        for path in glob.glob(f"/proc/sys/{key}") or []:
            try:
                with open(path, "w") as file:
                    file.write(value)
            except OSError:
                pass


class Listener:
    def __init__(self, host, space, kind, address, port):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with inside(space):
            self.socket = socket.socket(family, kind)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        self.socket.bind((address, port))
        self.host, self.kind, self.port = host, kind, port
        if kind == socket.SOCK_STREAM:
            self.socket.listen(100)
        self.socket.setblocking(False)


def joined(address, port):
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


listeners = {}


def listen(host, space, kind, address, port):
    made = Listener(host, space, kind, address, port)
    listeners[made.socket.fileno()] = made
    return made


def connect(space, protocol, address, port, source, seconds):
    """One connection, to its end: what the client saw, and of whom."""
    kind = socket.SOCK_DGRAM if protocol == "UDP" else socket.SOCK_STREAM
    with inside(space):
        client = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind)
    reported = "TIMEOUT"
    reached = None
    try:
        client.setblocking(False)
        if source:
            client.bind((source, 0))
        code = client.connect_ex((address, port))
        if code in (errno.ECONNREFUSED,):
            return "REFUSED"
        if code in (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.EINVAL):
            return "UNREACHABLE"
        if protocol == "UDP":
            try:
                client.send(b"?")
            except PermissionError:
                pass  # dropped on the way out, perhaps with an error that comes after
        poll = select.poll()
        poll.register(client, select.POLLIN if protocol == "UDP" else select.POLLOUT)
        for number in listeners:
            poll.register(number, select.POLLIN)
        until = time.monotonic() + seconds
        opened = False
        while not (opened and reached):
            left = until - time.monotonic()
            if left <= 0:
                break
            for number, _ in poll.poll(left * 1000):
                if number == client.fileno():
                    error = client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                    if error == 0 and protocol == "UDP":
                        try:
                            client.recv(10)
                        except OSError as failure:
                            error = failure.errno
                    if error != 0:
                        return "UNREACHABLE" if error in (errno.EHOSTUNREACH, errno.ENETUNREACH) else (
                            "REFUSED" if error == errno.ECONNREFUSED else "TIMEOUT")
                    opened = True
                    poll.unregister(client)
                    continue
                listener = listeners[number]
                if listener.kind == socket.SOCK_STREAM:
                    try:
                        server, peer = listener.socket.accept()
                    except OSError:
                        continue
                    reached = (listener, server.getsockname()[0], peer[0])
                    server.close()
                else:
                    _, peer = listener.socket.recvfrom(10)
                    reached = (listener, listener.socket.getsockname()[0], peer[0])
                    try:
                        listener.socket.sendto(b"!", peer)
                    except OSError:
                        pass
        if opened and reached:
            listener, own, peer = reached
            reported = f"CONNECTED {listener.host} {joined(own, listener.port)} sees {peer}"
        return reported
    except OSError as failure:
        if failure.errno == errno.ECONNREFUSED:
            return "REFUSED"
        return "UNREACHABLE" if failure.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EINVAL) else "TIMEOUT"
    finally:
        client.close()


def drain():
    """Takes away what came too late for the connection that it is of."""
    for listener in listeners.values():
        try:
            while True:
                if listener.kind == socket.SOCK_STREAM:
                    listener.socket.accept()[0].close()
                else:
                    listener.socket.recvfrom(10)
        except OSError:
            pass


KUBE_PROXY = {
    "net/ipv4/vs/conntrack": "1",
    "net/ipv4/vs/conn_reuse_mode": "0",
    "net/ipv4/vs/expire_nodest_conn": "1",
    "net/ipv4/vs/expire_quiescent_template": "1",
}
# What each tool read last in a namespace, and the virtual servers of the namespace.
loaded = {}


def load(space, command, text):
    """Has a tool read a text, unless it is what the tool read last: most processes of user-mode Linux are spared so."""
    key = (space, *command)
    if loaded.get(key) == text:
        return
    loaded.pop(key, None)
    run(list(command), text)
    loaded[key] = text


def program(node):
    """Gives a node its state, in place of what it had."""
    space = node["space"]
    with inside(space):
        load(space, ("ip", "-batch", "-"), "address flush dev kube-ipvs0\n" + node["addresses"])
        load(space, ("ipset", "restore", "-exist"), node["ipset"])
        for command, rules in node["rules"]:
            load(space, (command,), rules)
        if not node["anew"] and loaded.get(space) == node["ipvsadm"]:
            return
        loaded[space] = node["ipvsadm"]
        run(["ipvsadm", "-C"])
        if node["ipvsadm"]:
            run(["ipvsadm", "-R"], node["ipvsadm"])


def build(setup):
    run(["ip", "-batch", "-"], setup["links"])
    for host in setup["hosts"]:
        with inside(host["space"]):
            sysctl(host["before"])
            run(["ip", "-batch", "-"], host["lines"])
            run(["ip", "-6", "-batch", "-"], host["lines6"])
            if host["node"]:
                run(["ip", "link", "add", "kube-ipvs0", "type", "dummy"])
                run(["ip", "link", "set", "kube-ipvs0", "arp", "off", "up"])
                sysctl(KUBE_PROXY)
            sysctl(host["sysctl"])
        for kind, address, port in host["listen"]:
            listen(host["name"], host["space"], socket.SOCK_DGRAM if kind == "UDP" else socket.SOCK_STREAM, address, port)


def warm_up(setup):
    """Has neighbours know each other while nothing is dropped: a policy DROP meets their questions too."""
    for space, address in setup["neighbours"]:
        connect(space, "TCP", address, 8080, "", 2)
        drain()


def flow(one):
    """Connections one after the other, until every outcome that is expected was seen, or a surprise, or enough."""
    expected = [set(outcome) for outcome in one["expected"]]
    allowed = set().union(*expected) if expected else set()
    seen = []
    for _ in range(one["most"]):
        observed = connect(one["space"], one["protocol"], one["address"], one["port"], one["source"], 0.5)
        if observed == "TIMEOUT" and "TIMEOUT" not in allowed and expected:
            drain()
            observed = connect(one["space"], one["protocol"], one["address"], one["port"], one["source"], 3.5)
        drain()
        seen.append(observed)
        if expected and (observed not in allowed or all(outcome & set(seen) for outcome in expected)):
            break
    return seen


def step(action):
    """Something that is done between connections."""
    with inside(action["space"]):
        return run(action["command"], action.get("input"))


def scenario(one):
    for node in one.get("nodes", []):
        program(node)
    made = []
    try:
        for host, space, kind, address, port in one.get("listen", []):
            made.append(listen(host, space, socket.SOCK_DGRAM if kind == "UDP" else socket.SOCK_STREAM, address, port))
        texts = [step(action) for action in one.get("before", [])]
        return {"flows": [flow(each) if "most" in each else [step(each)] for each in one.get("flows", [])], "texts": texts}
    finally:
        for listener in made:
            del listeners[listener.socket.fileno()]
            listener.socket.close()


def main():
    load_modules()
    with open(PLAN) as file:
        plan = json.load(file)
    with open(RESULT, "w") as result:
        build(plan["setup"])
        warm_up(plan["setup"])
        until = time.monotonic() + plan["seconds"]
        for index, one in enumerate(plan["scenarios"]):
            if time.monotonic() > until:
                break
            try:
                reported = scenario(one)
            except Exception as failure:  # a scenario that cannot be run is reported, and the next one is tried
                reported = {"error": f"{type(failure).__name__}: {failure}"}
            result.write(json.dumps({"index": index, **reported}) + "\n")
            result.flush()


main()
