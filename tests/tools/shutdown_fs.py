#!/usr/bin/env python3
"""Shuts a file system down as a power cut does: nothing of what is not on the disk yet gets there, not even the log.

shutdown_fs.py MOUNTPOINT     EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH (XFS knows the same call)

Needs CAP_SYS_ADMIN; exit status 1 where the file system or the kernel can't."""
import fcntl
import os
import struct
import sys

SHUTDOWN = 0x8004587D  # _IOR('X', 125, __u32)
NO_LOG_FLUSH = 2

fd = os.open(sys.argv[1], os.O_RDONLY | os.O_DIRECTORY)
try:
    fcntl.ioctl(fd, SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
except OSError as error:
    print(f"cannot shut '{sys.argv[1]}' down: {error.strerror}", file=sys.stderr)
    sys.exit(1)
