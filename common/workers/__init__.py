"""Work on several processes, here or on a cluster: Ray's, which is imported only when workers are asked for."""

from common.workers.pool import CLUSTER, Workers, count
from common.workers.reach import about
from common.workers.work import Task, fetch

__all__ = ["CLUSTER", "Task", "Workers", "about", "count", "fetch"]
