"""A Ray cluster to work in: one that is there, or this machine for as long as the run takes.

What Ray would do beside the work is switched off: it sends no statistics, opens no dashboard, writes nothing to the
terminal. A cluster on this machine keeps its files in a folder that goes with it, and lets in nobody without a token
that is made for this run.
"""

import importlib.util
import logging
import os
import secrets
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from analyzer.batch.threads import usable_processors
from analyzer.errors import InputError

__all__ = ["Cluster", "connected"]

_LONGEST = 22  # characters of a folder: Ray's sockets lie 80 below it, and a socket's path has at most 107
_PATIENCE = 10.0  # seconds until a cluster answers
_NO_ROOM = "Ask for fewer with --concurrency, or for less with --num-gpus."


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where the work is done.

    Attributes
    ----------
    machines : list of int or None
        Processors of each machine; None on this machine.
    said : str
        One sentence about it.
    """

    machines: list[int] | None
    said: str


@contextmanager
def connected(address: str | None, *, workers: int, gpus: float) -> Iterator[Cluster]:
    """Be in a cluster.

    Parameters
    ----------
    address : str or None
        Else what RAY_ADDRESS says, else a cluster on this machine.
    workers : int
    gpus : float
        Of each worker.

    Raises
    ------
    InputError
        If Ray is not installed, no cluster answers, or this machine has not so many GPUs.
    """
    if importlib.util.find_spec("ray") is None:
        raise InputError(
            "The engine ray needs the extra [ray].", hint="Run pip install 'text-provenance-analyzer[ray]'."
        )
    address = address or os.environ.get("RAY_ADDRESS") or None
    if address is not None and address.startswith("ray://"):
        raise InputError(
            "ray-address: Ray's client protocol is not spoken.",
            hint="Run the command on a machine of the cluster, with --ray-address auto.",
        )
    short = len(tempfile.gettempdir()) <= _LONGEST or not os.path.isdir("/tmp")
    with tempfile.TemporaryDirectory(  # Ray opens its folder to everybody: so that is one inside
        prefix="analyzer-", dir=None if short else "/tmp", ignore_cleanup_errors=True
    ) as place:
        ray = _import_ray(own=address is None)
        try:
            if address is None:
                _start(ray, os.path.join(place, "r"), processors=max(usable_processors(), workers))
            else:
                _connect(ray, address)
            yield _cluster(ray, address, workers=workers, gpus=gpus)
        finally:
            ray.shutdown()


def _import_ray(*, own: bool) -> Any:
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    if own and "RAY_AUTH_MODE" not in os.environ:  # else Ray makes a token and keeps it in the home folder
        os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    logging.getLogger("ray").setLevel(logging.CRITICAL)

    import ray
    from ray._private import worker

    worker._worker_logs_enabled = False  # private: should it go, Ray prints lines about processes that end
    return ray


_QUIET = {"log_to_driver": False, "configure_logging": False, "logging_level": logging.CRITICAL}


def _start(ray: Any, place: str, *, processors: int) -> None:
    try:
        ray.init(
            "local",
            num_cpus=processors,
            include_dashboard=False,
            _temp_dir=place,
            _node_ip_address="127.0.0.1",
            **_QUIET,
        )
    except (OSError, RuntimeError, ValueError, TimeoutError, ray.exceptions.RayError) as error:
        raise InputError(
            f"Ray could not be started here ({_first_line(error)}).", hint="Use --engine local."
        ) from error


def _connect(ray: Any, address: str) -> None:
    try:
        host, _, port = address.rpartition(":")
        if host and port.isdecimal():  # Ray itself would try for minutes
            socket.create_connection((host.strip("[]"), int(port)), timeout=_PATIENCE).close()
        ray.init(address, **_QUIET)
    except (OSError, RuntimeError, ValueError, OverflowError, ray.exceptions.RayError) as error:  # also other versions
        raise InputError(
            f"No cluster answers at {address} ({_first_line(error)}).",
            hint="Run the command on a machine of the cluster, with its Ray, Python and RAY_AUTH_MODE.",
        ) from error


def _cluster(ray: Any, address: str | None, *, workers: int, gpus: float) -> Cluster:
    has = ray.cluster_resources()
    found, wanted = has.get("GPU", 0.0), workers * gpus
    if address is None:
        if wanted > found:
            raise InputError(f"num-gpus: {wanted:g} in all, this machine has {found:g}.", hint=_NO_ROOM)
        return Cluster(None, "Ray: this machine.")
    machines = [int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]]
    said = (
        f"Ray: {len(machines)} machine{'s' * (len(machines) != 1)}, {has.get('CPU', 0):g} processors, {found:g} GPUs."
    )
    if wanted > found:  # they may be on their way
        said += f" {wanted:g} GPUs are wanted: workers that find none wait for them."
    return Cluster(machines, said)


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
