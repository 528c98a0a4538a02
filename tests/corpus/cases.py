# SPDX-License-Identifier: MIT
"""Real packages of Debian 12 with a label: what harms a process, and what only looks like it.

A harmful plan must bring an error about one of its pairs, a harmless one must bring none; of those that may harm some day
nothing is asked but an answer.  Paths are those inside the tree that the packages are unpacked to; {T} is its top.
"""

from __future__ import annotations

from dataclasses import dataclass, field

LIBRARIES = "/usr/lib/x86_64-linux-gnu"


@dataclass(frozen=True)
class Plan:
    """Steps as FILE:FLAGS; `harms` are pairs FROM, TO of patterns for base names, of which one must be an error."""

    name: str
    steps: tuple[str, ...] = ()
    harms: tuple[tuple[str, str], ...] = ()
    may_harm: bool = False


@dataclass(frozen=True)
class Case:
    """Packages with what they need, a program in them (None: an empty one), and what it is asked to open."""

    name: str
    packages: tuple[str, ...]
    plans: tuple[Plan, ...]
    program: str | None = None
    environment: dict[str, str] = field(default_factory=dict)


def _pair(first: str, second: str, harms: tuple[tuple[str, str], ...], deepbind: bool = True) -> list[Plan]:
    """One library for all to see and then another: as it is, with RTLD_LOCAL, with RTLD_DEEPBIND."""
    plans = [Plan("as it is", (f"{first}:NOW,GLOBAL", f"{second}:NOW"), harms),
             Plan("LOCAL", (f"{first}:NOW", f"{second}:NOW"))]
    return plans + ([Plan("DEEPBIND", (f"{first}:NOW,GLOBAL", f"{second}:NOW,DEEPBIND"))] if deepbind else [])


def _other_order(first: str, second: str, *harms: tuple[str, str]) -> Plan:
    return Plan("other order", (f"{first}:NOW,GLOBAL", f"{second}:NOW"), harms)


PERL = "/usr/lib/x86_64-linux-gnu/perl-base/auto"

CASES = [
    Case("python-libpython", ("python3.11-minimal", "libpython3.11"), (
        Plan("as it is", (f"{{T}}{LIBRARIES}/libpython3.11.so.1.0:NOW",), may_harm=True),
        Plan("DEEPBIND", (f"{{T}}{LIBRARIES}/libpython3.11.so.1.0:NOW,DEEPBIND",), may_harm=True)), program="/usr/bin/python3.11"),
    # One source, built twice; the smaller library is a part of the larger one.
    Case("protobuf-lite-unique", ("libprotobuf32", "libprotobuf-lite32"), (
        Plan("both LOCAL", ("libprotobuf-lite.so.32:NOW", "libprotobuf.so.32:NOW"), may_harm=True),
        Plan("GLOBAL", ("libprotobuf-lite.so.32:NOW,GLOBAL", "libprotobuf.so.32:NOW"), may_harm=True),
        Plan("other order", ("libprotobuf.so.32:NOW", "libprotobuf-lite.so.32:NOW"), may_harm=True))),
    Case("gflags-nothreads", ("libgflags2.2",), tuple(
        _pair("libgflags.so.2.2", "libgflags_nothreads.so.2.2", (("libgflags_nothreads.so.2.2", "libgflags.so.2.2"),)))),
    Case("gtk2-gtk3", ("libgtk2.0-0", "libgtk-3-0"),
         (Plan("as it is", ("libgtk-x11-2.0.so.0:NOW,GLOBAL", "libgtk-3.so.0:NOW"),
               (("libgtk-3.so.0", "libgdk-x11-2.0.so.0"),)),
          Plan("LOCAL", ("libgtk-x11-2.0.so.0:NOW", "libgtk-3.so.0:NOW"), may_harm=True),
          Plan("DEEPBIND", ("libgtk-x11-2.0.so.0:NOW,GLOBAL", "libgtk-3.so.0:NOW,DEEPBIND"), may_harm=True),
          _other_order("libgtk-3.so.0", "libgtk-x11-2.0.so.0", ("libgtk-x11-2.0.so.0", "libgdk-3.so.0")))),
    Case("boost-twice", ("libboost-filesystem1.74.0", "libboost-filesystem1.81.0"),
         (*_pair("libboost_filesystem.so.1.74.0", "libboost_filesystem.so.1.81.0",
                 (("libboost_filesystem.so.1.81.0", "libboost_filesystem.so.1.74.0"),)),
          _other_order("libboost_filesystem.so.1.81.0", "libboost_filesystem.so.1.74.0",
                       ("libboost_filesystem.so.1.74.0", "libboost_filesystem.so.1.81.0")))),
    Case("openmpi-mpich", ("libopenmpi3", "libmpich12"),
         (*_pair("libmpi.so.40", "libmpich.so.12", (("libmpich.so.12", "libmpi.so.40"),)),
          _other_order("libmpich.so.12", "libmpi.so.40", ("libmpi.so.40", "libmpich.so.12")))),
    Case("luajit-lua51", ("luajit", "liblua5.1-0"),
         (Plan("as it is", ("liblua5.1.so.0:NOW,GLOBAL",), (("liblua5.1.so.0", "luajit"),)),), program="/usr/bin/luajit"),
    Case("jemalloc-preload", ("git", "libjemalloc2"), (Plan("start-up"),), program="/usr/bin/git",
         environment={"LD_PRELOAD": f"{{T}}{LIBRARIES}/libjemalloc.so.2"}),
    Case("tcmalloc-preload", ("git", "libtcmalloc-minimal4"), (Plan("start-up"),), program="/usr/bin/git",
         environment={"LD_PRELOAD": f"{{T}}{LIBRARIES}/libtcmalloc_minimal.so.4"}),
    Case("jemalloc-deepbind", ("libjemalloc2", "libjansson4"),
         (Plan("as it is", ("libjansson.so.4:NOW,DEEPBIND",), (("libjansson.so.4", "libc.so.6"),)),
          Plan("LOCAL", ("libjansson.so.4:NOW",))),
         environment={"LD_PRELOAD": f"{{T}}{LIBRARIES}/libjemalloc.so.2"}),
    Case("llvm-14-15", ("libllvm14", "libllvm15"),
         (Plan("as it is", ("libLLVM-14.so.1:NOW,GLOBAL", "libLLVM-15.so.1:NOW,GLOBAL")),
          Plan("other order", ("libLLVM-15.so.1:NOW,GLOBAL", "libLLVM-14.so.1:NOW,GLOBAL")))),
    Case("curl-openssl-gnutls", ("libcurl4", "libcurl3-gnutls", "libraptor2-0"),
         tuple(_pair("libcurl.so.4", "libraptor2.so.0", (), deepbind=False))),
    Case("hdf5-serial-openmpi", ("libhdf5-cpp-103-1", "libhdf5-openmpi-cpp-103-1"),
         tuple(_pair("libhdf5_serial_cpp.so.103", "libhdf5_openmpi_cpp.so.103", (), deepbind=False))),
    Case("healthy-ls", ("coreutils",), (Plan("start-up"),), program="/bin/ls"),
    Case("healthy-perl", ("perl-base",), (Plan("modules", tuple(
        f"{{T}}{PERL}/{module}.so:LAZY" for module in ("POSIX/POSIX", "Socket/Socket", "List/Util/Util", "Fcntl/Fcntl"))),),
         program="/usr/bin/perl"),
    Case("json-three", ("libykpers-1-1", "libjwt0", "libjson-glib-1.0-0"),
         (Plan("as it is", ("libykpers-1.so.1:NOW,GLOBAL", "libjwt.so.0:NOW,GLOBAL", "libjson-glib-1.0.so.0:NOW,GLOBAL")),)),
]
