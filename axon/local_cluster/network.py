"""Kernel settings of the node: its interface, forwarding, and their removal."""

import shutil
import subprocess
from pathlib import Path

from axon.local_cluster.node_config import BRIDGE
from axon.machine import LocalSettings
from axon.steps import StepFailed

INTERFACE = "axon-node"
# Left behind by kube-proxy (nftables mode) and by the CNI bridge plugin's masquerading.
_TABLES = ("ip kube-proxy", "ip6 kube-proxy")


def set_up(settings: LocalSettings) -> None:
    """Create the node's interface and enable forwarding."""
    if not Path(f"/sys/class/net/{INTERFACE}").exists():
        # A bridge without ports: its address does not depend on the machine's networks.
        _ip("link", "add", INTERFACE, "type", "bridge")
    _ip("address", "replace", f"{settings.node_ip}/32", "dev", INTERFACE)
    _ip("link", "set", INTERFACE, "up")
    _set("net/ipv4/ip_forward", "1")
    if shutil.which("modprobe"):  # absent if modules are built into the kernel
        subprocess.run(["modprobe", "-q", "br_netfilter"], check=False)
    _set("net/bridge/bridge-nf-call-iptables", "1")


def tear_down(settings: LocalSettings) -> None:
    """Remove interfaces and rules."""
    for interface in (INTERFACE, BRIDGE):
        if Path(f"/sys/class/net/{interface}").exists():
            _ip("link", "delete", interface)
    for table in _TABLES:
        subprocess.run(["nft", "delete", "table", *table.split()], capture_output=True, check=False)
    _remove_masquerading()


def _remove_masquerading() -> None:
    """Remove the chains that the bridge plugin created for each pod of the network `axon`."""
    saved = subprocess.run(["iptables-save", "-t", "nat"], capture_output=True, text=True, check=False)
    rules = [line for line in saved.stdout.splitlines() if 'name: \\"axon\\"' in line]
    for rule in rules:
        words = rule.replace('"', "").split()
        chain = words[words.index("-j") + 1] if "-j" in words else ""
        if rule.startswith("-A POSTROUTING") and chain.startswith("CNI-"):
            for command in (["-D", "POSTROUTING", *_match(words)], ["-F", chain], ["-X", chain]):
                subprocess.run(["iptables", "-t", "nat", *command], capture_output=True, check=False)


def _match(words: list[str]) -> list[str]:
    source, chain = words[words.index("-s") + 1], words[words.index("-j") + 1]
    comment = " ".join(words[words.index("--comment") + 1 : words.index("-j")]).replace("\\", '"')
    return ["-s", source, "-m", "comment", "--comment", comment, "-j", chain]


def _ip(*words: str) -> None:
    run = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if run.returncode:
        raise StepFailed(f"ip {' '.join(words)}: {run.stderr.strip()}")


def _set(name: str, value: str) -> None:
    file = Path("/proc/sys") / name
    if file.exists() and file.read_text().strip() != value:
        file.write_text(value)
