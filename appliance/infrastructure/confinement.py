"""Gives up access that this process does not need: to files, programs, sockets and memory. This cannot be undone.

Call `allow_only_files` first, while the process has one thread. It uses Landlock, which applies to the calling thread and
to the threads that this thread starts later. Call `revoke_access` after everything is open and loaded. It uses resource
limits, which every kernel has, and seccomp, which denies every system call that is not on a short list.
Landlock and libseccomp are called through ctypes. The packages on PyPI are no better. Packages for libseccomp need a
compiler or were last released in 2021. Packages for Landlock are first versions or pre-releases. The library libseccomp.so.2
is part of Debian's base system. If Landlock or libseccomp is missing, the resource limits still apply.
"""

import contextlib
import ctypes
import errno
import os
import platform
import resource
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 4, 38

# From linux/landlock.h. These three calls have the same numbers on every architecture that Python runs on.
LANDLOCK_CREATE_RULESET, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT_SELF = 444, 445, 446
LANDLOCK_CREATE_RULESET_VERSION, LANDLOCK_RULE_PATH_BENEATH = 1, 1
READ_FILE = 1 << 2
# For each Landlock version that added rights: the number of rights that exist since then, including the older rights.
FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 5: 16}
NETWORK_RIGHTS = {4: 2}
SCOPES = {6: 2}

# From seccomp.h.
ALLOW, REFUSE, REPORT_UNKNOWN = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS
SYNCHRONISE_THREADS = 4
EQUAL, MASKED_EQUAL = 4, 7
PROT_EXEC, CLONE_THREAD = 4, 0x10000
# The system calls that a graph engine needs to compute, to read a file that is already open, and to exit. Calls that this
# machine's architecture does not have are skipped.
NEEDED_CALLS = (
    "brk",
    "clock_getres",
    "clock_gettime",
    "clock_nanosleep",
    "close",
    "exit",
    "exit_group",
    "fstat",
    "futex",
    "futex_time64",
    "getcpu",
    "getpid",
    "getrandom",
    "gettid",
    "gettimeofday",
    "lseek",
    "madvise",
    "membarrier",
    "mremap",
    "munmap",
    "nanosleep",
    "pread64",
    "preadv",
    "read",
    "readv",
    "restart_syscall",
    "rseq",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "sched_getaffinity",
    "sched_yield",
    "set_robust_list",
    "sigaltstack",
    "time",
)
OUTPUTS = (1, 2)

MEMORY_OF_THIS_PROCESS = Path("/proc/self/statm")

_libc = ctypes.CDLL(None, use_errno=True)


class Confinement(msgspec.Struct, frozen=True):
    """The kernel features that this machine has in addition to resource limits."""

    landlock: bool
    seccomp: bool


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scopes", ctypes.c_uint64))


class _PathRule(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("descriptor", ctypes.c_int32))


class _Comparison(ctypes.Structure):
    _fields_ = (
        ("argument", ctypes.c_uint),
        ("operator", ctypes.c_int),
        ("first", ctypes.c_uint64),
        ("second", ctypes.c_uint64),
    )


def _load_libseccomp() -> ctypes.CDLL | None:
    try:
        library = ctypes.CDLL("libseccomp.so.2")
    except OSError:
        return None
    library.seccomp_init.restype = ctypes.c_void_p
    library.seccomp_init.argtypes = (ctypes.c_uint32,)
    library.seccomp_release.argtypes = (ctypes.c_void_p,)
    library.seccomp_load.argtypes = (ctypes.c_void_p,)
    library.seccomp_attr_set.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.c_uint32)
    library.seccomp_syscall_resolve_name.argtypes = (ctypes.c_char_p,)
    library.seccomp_rule_add_array.argtypes = (
        ctypes.c_void_p,
        ctypes.c_uint32,
        ctypes.c_int,
        ctypes.c_uint,
        ctypes.POINTER(_Comparison),
    )
    return library


# The library is loaded at import, because this process cannot open files later.
_libseccomp = _load_libseccomp()


def allow_only_files(readable: Sequence[Path]) -> bool:
    """Allow this process to read only these files, and to use no programs or TCP ports. Returns False without Landlock.

    Call this function while the process has one thread. Files that are already open stay open. Raises OSError if a file
    cannot be opened, or if the kernel has Landlock and refuses.
    """
    version = _libc.syscall(
        LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(LANDLOCK_CREATE_RULESET_VERSION)
    )
    if version < 1:
        return False
    rules = _Ruleset(*(_bits(rights, version) for rights in (FILE_RIGHTS, NETWORK_RIGHTS, SCOPES)))
    # A kernel accepts a structure with more fields than it knows, if the unknown fields are zero.
    ruleset = _checked(
        _libc.syscall(
            LANDLOCK_CREATE_RULESET, ctypes.byref(rules), ctypes.c_size_t(ctypes.sizeof(rules)), ctypes.c_uint32(0)
        )
    )
    try:
        # `revoke_access` reads MEMORY_OF_THIS_PROCESS later.
        for path in (*readable, MEMORY_OF_THIS_PROCESS):
            _allow_reading(ruleset, path)
        _gain_no_privileges()
        _checked(_libc.syscall(LANDLOCK_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0)))
    finally:
        os.close(ruleset)
    return True


def revoke_access(*, more_memory_bytes: int, cpu_s: int) -> bool:
    """Deny opening files, starting programs, and writing except to standard output; limit memory and processor time.

    `more_memory_bytes` is added to the current memory of the process. `cpu_s` counts from the start of the process; after
    this time, the kernel ends the process. Returns True if seccomp is active. Raises OSError if the kernel has seccomp and
    refuses.
    """
    address_space, data = _memory_now()
    _libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    _gain_no_privileges()
    for kind, limit in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_DATA, data + more_memory_bytes),
        # The limit is larger than the memory, because threads reserve address space that they do not use.
        (resource.RLIMIT_AS, address_space + 2 * more_memory_bytes),
        (resource.RLIMIT_NOFILE, 0),
    ):
        _, hard_limit = resource.getrlimit(kind)
        new_limit = limit if hard_limit == resource.RLIM_INFINITY else min(limit, hard_limit)
        resource.setrlimit(kind, (new_limit, new_limit))
    return _libseccomp is not None and _deny_calls(_libseccomp)


def confinement_here() -> Confinement:
    """Return the features that this machine has, as far as the process can detect them without confining itself."""
    version = _libc.syscall(
        LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(LANDLOCK_CREATE_RULESET_VERSION)
    )
    return Confinement(landlock=version >= 1, seccomp=_libseccomp is not None)


def _bits(rights: dict[int, int], version: int) -> int:
    return (1 << max((count for since, count in rights.items() if since <= version), default=0)) - 1


def _allow_reading(ruleset: int, path: Path) -> None:
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(f"{path} is not a regular file")
        rule = _PathRule(READ_FILE, descriptor)
        _checked(
            _libc.syscall(
                LANDLOCK_ADD_RULE,
                ctypes.c_int(ruleset),
                ctypes.c_int(LANDLOCK_RULE_PATH_BENEATH),
                ctypes.byref(rule),
                ctypes.c_uint32(0),
            )
        )
    finally:
        os.close(descriptor)


def _gain_no_privileges() -> None:
    """Stop this process from gaining privileges. Without root, Landlock and seccomp need this; it also helps without them."""
    _checked(_libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))


def _memory_now() -> tuple[int, int]:
    """Return the address space and the writable private memory of this process, in bytes as the kernel's limits count them."""
    pages = MEMORY_OF_THIS_PROCESS.read_bytes().split()
    return int(pages[0]) * resource.getpagesize(), int(pages[5]) * resource.getpagesize()


def _deny_calls(library: ctypes.CDLL) -> bool:
    """Deny all system calls except the needed ones, in all threads. Returns False if the kernel was built without seccomp."""
    with _filter(library) as context:
        _succeeded(library.seccomp_attr_set(context, SYNCHRONISE_THREADS, 1))
        for name in NEEDED_CALLS:
            _permit(library, context, name)
        for name in ("write", "writev"):
            for output in OUTPUTS:
                _permit(library, context, name, _Comparison(0, EQUAL, output, 0))
        for name in ("mmap", "mmap2", "mprotect"):
            # Newly allocated memory may contain data, but no machine code.
            _permit(library, context, name, _Comparison(2, MASKED_EQUAL, PROT_EXEC, 0))
        # Allow new threads, but no new processes. The flags of `clone3` are in memory, where the filter cannot check them.
        # So `clone3` is reported as unknown, and the C library uses `clone` instead.
        flags = 1 if platform.machine() == "s390x" else 0
        _permit(library, context, "clone", _Comparison(flags, MASKED_EQUAL, CLONE_THREAD, CLONE_THREAD))
        _permit(library, context, "clone3", action=REPORT_UNKNOWN)
        return bool(library.seccomp_load(context) == 0)


@contextlib.contextmanager
def _filter(library: ctypes.CDLL) -> Iterator[int]:
    context = library.seccomp_init(REFUSE)
    if not context:
        raise OSError("seccomp_init failed")
    try:
        yield context
    finally:
        library.seccomp_release(context)


def _permit(library: ctypes.CDLL, context: int, name: str, *conditions: _Comparison, action: int = ALLOW) -> None:
    number = library.seccomp_syscall_resolve_name(name.encode())
    # The number is negative if this architecture has no call with this name.
    if number >= 0:
        compared = (_Comparison * len(conditions))(*conditions)
        _succeeded(library.seccomp_rule_add_array(context, action, number, len(conditions), compared))


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def _succeeded(result: int) -> None:
    """Raises OSError if a function of libseccomp returned a negative error number."""
    if result < 0:
        raise OSError(-result, os.strerror(-result))
