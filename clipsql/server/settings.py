"""The PostgreSQL settings of the embedded server, sized to the machine."""

from __future__ import annotations

import os

_MIB = 1024 * 1024
_SMALL_SHARED_MEMORY = 1024 * _MIB


def render_settings() -> str:
    """The text of a configuration file that postgresql.conf includes; `alter system` wins over it."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // _MIB
    settings = {
        # JDBC tools need TCP; without a socket file the path of the data may have any length.
        "listen_addresses": "'127.0.0.1'",
        "unix_socket_directories": "''",
        # A guest on a laptop: an eighth of the memory, and the planner may count on the system's cache.
        "shared_buffers": f"{min(max(memory // 8, 128), 1024)}MB",
        "effective_cache_size": f"{max(memory // 2, 256)}MB",
        "maintenance_work_mem": f"{min(max(memory // 16, 64), 512)}MB",
        # Bulk loads write far more than the 1GB default between two checkpoints.
        "max_wal_size": "2GB",
        "checkpoint_timeout": "15min",
        # Laptops have SSDs; with the default of 4 the planner shuns the filter indexes.
        "random_page_cost": "1.1",
        "dynamic_shared_memory_type": _dynamic_shared_memory_type(),
        # No statement text in the log: searches and captions are private, and vectors are long.
        "log_min_error_statement": "panic",
        "log_checkpoints": "off",
    }
    lines = [f"{name} = {value}" for name, value in settings.items()]
    return "\n".join(["# Written by clipsql at every start; keep your own with `alter system`.", *lines, ""])


def _dynamic_shared_memory_type() -> str:
    # Containers often have 64 MB of /dev/shm, where a parallel index build ends in "No space left on device";
    # files in the data folder then carry the shared graph instead.
    try:
        disk = os.statvfs("/dev/shm")
    except OSError:  # macOS has none and needs none
        return "posix"
    return "posix" if disk.f_blocks * disk.f_frsize >= _SMALL_SHARED_MEMORY else "mmap"
