"""A Ray of two machines, both of them this one."""

import logging
import os
import signal

import pytest

from crosscal.study.execution.executors import ray_tasks


@pytest.fixture(scope="session")
def ray_cluster():
    """The cluster; this process is connected to it, and what the tests start connects to it."""
    pytest.importorskip("ray")
    before = dict(os.environ)
    os.environ.update(ray_tasks._RAY_VARIABLES)
    import ray
    from ray.cluster_utils import Cluster

    ending = signal.getsignal(signal.SIGTERM)
    machine = {"num_cpus": 1, "num_gpus": 0, "object_store_memory": 80_000_000}
    cluster = Cluster(initialize_head=True, head_node_args={**machine, "include_dashboard": False})
    cluster.add_node(**machine)
    ray.init(cluster.address, log_to_driver=False, logging_level=logging.ERROR)
    os.environ["RAY_ADDRESS"] = cluster.address
    signal.signal(signal.SIGTERM, ending)
    yield cluster
    ray.shutdown()
    cluster.shutdown()
    os.environ.clear()
    os.environ.update(before)
