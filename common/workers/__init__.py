"""Work on several processes, here or on a cluster: Ray's, which is imported only when workers are asked for."""

from common.workers.pool import CLUSTER, Task, Workers, about, count, fetch

__all__ = ["CLUSTER", "Task", "Workers", "about", "count", "fetch"]
