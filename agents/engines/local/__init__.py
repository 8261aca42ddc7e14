"""The engine in this process. Importing this package, before torch, also bounds what torch remembers of past shapes.

On a processor torch keeps a prepared kernel with its scratch memory for each of the last 1,024 shapes that it
multiplied in bf16. Matches of all lengths make ever new shapes, and the memory of a trainer grew by half a GiB a
minute. Sixteen are enough: the speed is the same.
"""

import os

for _cache in ("LRU_CACHE_CAPACITY", "ONEDNN_PRIMITIVE_CACHE_CAPACITY"):
    os.environ.setdefault(_cache, "16")
