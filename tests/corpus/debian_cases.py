# SPDX-License-Identifier: MIT
"""Real packages of Debian 12 with a label: what harms a process, and what only looks like it.

A harmful plan must bring an error about one of its pairs, a harmless one must bring none; of those that may harm some day
nothing is asked but an answer.  Paths are those inside the tree that the packages are unpacked to; {T} is its top.
"""

from __future__ import annotations

from labels import LIBRARIES, Case, Plan, other_order, pair

BLAS = f"{{T}}{LIBRARIES}/blas/libblas.so.3"
OPENBLAS = f"{{T}}{LIBRARIES}/openblas-pthread/libopenblas.so.0"
PERL = "/usr/lib/x86_64-linux-gnu/perl-base/auto"

DEBIAN = [
    Case("python-libpython", ("python3.11-minimal", "libpython3.11"), (
        Plan("as it is", (f"{{T}}{LIBRARIES}/libpython3.11.so.1.0:NOW",), may_harm=True),
        Plan("DEEPBIND", (f"{{T}}{LIBRARIES}/libpython3.11.so.1.0:NOW,DEEPBIND",), may_harm=True)), program="/usr/bin/python3.11"),
    # One source, built twice; the smaller library is a part of the larger one.
    Case("protobuf-lite-unique", ("libprotobuf32", "libprotobuf-lite32"), (
        Plan("both LOCAL", ("libprotobuf-lite.so.32:NOW", "libprotobuf.so.32:NOW"), may_harm=True),
        Plan("GLOBAL", ("libprotobuf-lite.so.32:NOW,GLOBAL", "libprotobuf.so.32:NOW"), may_harm=True,
             bound=(("libprotobuf.so.32", "libprotobuf-lite.so.32", 892),)),
        Plan("other order", ("libprotobuf.so.32:NOW", "libprotobuf-lite.so.32:NOW"), may_harm=True))),
    Case("gflags-nothreads", ("libgflags2.2",), tuple(
        pair("libgflags.so.2.2", "libgflags_nothreads.so.2.2", (("libgflags_nothreads.so.2.2", "libgflags.so.2.2"),),
        bound=(("libgflags_nothreads.so.2.2", "libgflags.so.2.2", 60),)))),
    Case("gtk2-gtk3", ("libgtk2.0-0", "libgtk-3-0"),
         (Plan("as it is", ("libgtk-x11-2.0.so.0:NOW,GLOBAL", "libgtk-3.so.0:NOW"),
               (("libgtk-3.so.0", "libgdk-x11-2.0.so.0"),), bound=(("libgtk-3.so.0", "libgdk-x11-2.0.so.0", 276),)),
          Plan("LOCAL", ("libgtk-x11-2.0.so.0:NOW", "libgtk-3.so.0:NOW"), may_harm=True),
          Plan("DEEPBIND", ("libgtk-x11-2.0.so.0:NOW,GLOBAL", "libgtk-3.so.0:NOW,DEEPBIND"), may_harm=True),
          other_order("libgtk-3.so.0", "libgtk-x11-2.0.so.0", ("libgtk-x11-2.0.so.0", "libgdk-3.so.0"),
                      bound=(("libgtk-x11-2.0.so.0", "libgdk-3.so.0", 292), ("libgtk-x11-2.0.so.0", "libgtk-3.so.0", 6))))),
    Case("boost-twice", ("libboost-filesystem1.74.0", "libboost-filesystem1.81.0"),
         (*pair("libboost_filesystem.so.1.74.0", "libboost_filesystem.so.1.81.0",
                 (("libboost_filesystem.so.1.81.0", "libboost_filesystem.so.1.74.0"),),
                 bound=(("libboost_filesystem.so.1.81.0", "libboost_filesystem.so.1.74.0", 65),)),
          other_order("libboost_filesystem.so.1.81.0", "libboost_filesystem.so.1.74.0",
                       ("libboost_filesystem.so.1.74.0", "libboost_filesystem.so.1.81.0"),
                       bound=(("libboost_filesystem.so.1.74.0", "libboost_filesystem.so.1.81.0", 67),)))),
    Case("openmpi-mpich", ("libopenmpi3", "libmpich12"),
         (*pair("libmpi.so.40", "libmpich.so.12", (("libmpich.so.12", "libmpi.so.40"),),
                 bound=(("libmpich.so.12", "libmpi.so.40", 157),)),
          other_order("libmpich.so.12", "libmpi.so.40", ("libmpi.so.40", "libmpich.so.12"),
                      bound=(("libmpi.so.40", "libmpich.so.12", 13),)))),
    Case("luajit-lua51", ("luajit", "liblua5.1-0"),
         (Plan("as it is", ("liblua5.1.so.0:NOW,GLOBAL",), (("liblua5.1.so.0", "luajit"),),
               bound=(("liblua5.1.so.0", "luajit", 114),)),), program="/usr/bin/luajit"),
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
         tuple(pair("libcurl.so.4", "libraptor2.so.0", (), deepbind=False))),
    Case("hdf5-serial-openmpi", ("libhdf5-cpp-103-1", "libhdf5-openmpi-cpp-103-1"),
         tuple(pair("libhdf5_serial_cpp.so.103", "libhdf5_openmpi_cpp.so.103", (), deepbind=False))),
    Case("healthy-ls", ("coreutils",), (Plan("start-up"),), program="/bin/ls"),
    Case("healthy-perl", ("perl-base",), (Plan("modules", tuple(
        f"{{T}}{PERL}/{module}.so:LAZY" for module in ("POSIX/POSIX", "Socket/Socket", "List/Util/Util", "Fcntl/Fcntl"))),),
         program="/usr/bin/perl"),
    Case("json-three", ("libykpers-1-1", "libjwt0", "libjson-glib-1.0-0"),
         (Plan("as it is", ("libykpers-1.so.1:NOW,GLOBAL", "libjwt.so.0:NOW,GLOBAL", "libjson-glib-1.0.so.0:NOW,GLOBAL")),)),
    # Two implementations of one interface, which share its names and nothing else: each calls its own by them.
    Case("edit-readline", ("libedit2", "libreadline8"),
         (*pair("libreadline.so.8", "libedit.so.2", (("libedit.so.2", "libreadline.so.8"),),
                 bound=(("libedit.so.2", "libreadline.so.8", 53),)),
          other_order("libedit.so.2", "libreadline.so.8", ("libreadline.so.8", "libedit.so.2"),
                      bound=(("libreadline.so.8", "libedit.so.2", 122),))),
         why="readline() of the second one is a SIGSEGV with the first one GLOBAL, in either order; with LOCAL it reads lines"),
    Case("gnutls-openssl", ("libgnutls-openssl27", "libssl3"),
         (*pair("libssl.so.3", "libgnutls-openssl.so.27", ()),
          Plan("other order", ("libgnutls-openssl.so.27:NOW,GLOBAL", "libssl.so.3:NOW"),
               (("lib*.so.3", "libgnutls-openssl.so.27"),), bound=(("libssl.so.3", "libgnutls-openssl.so.27", 20),))),
         why="GnuTLS's OpenSSL has no versions: OpenSSL is bound to it if it comes later, and SSL_CTX_new ends with free(): "
             "invalid pointer; it is not bound to OpenSSL, for it calls nothing of its own by name"),
    Case("ev-event", ("libev4", "libevent-2.1-7"),
         (*pair("libev.so.4", "libevent-2.1.so.7", (("libevent-2.1.so.7", "libev.so.4"),),
                 bound=(("libevent-2.1.so.7", "libev.so.4", 11),)),
          other_order("libevent-2.1.so.7", "libev.so.4", ("libev.so.4", "libevent-2.1.so.7"),
                      bound=(("libev.so.4", "libevent-2.1.so.7", 6),))),
         why="libev offers libevent's interface over structures of its own: libevent after it ends at an assertion in "
             "event_add, and event_loop of libev after libevent fails; with LOCAL timers of both fire"),
    Case("magick-hdri", ("libmagickcore-6.q16-6", "libmagickcore-6.q16hdri-6"),
         tuple(pair("libMagickCore-6.Q16.so.6", "libMagickCore-6.Q16HDRI.so.6",
                    (("libMagickCore-6.Q16HDRI.so.6", "libMagickCore-6.Q16.so.6"),),
                    bound=(("libMagickCore-6.Q16HDRI.so.6", "libMagickCore-6.Q16.so.6", 870),))),
         why="one source with pixels of two types: ExportImagePixels of the second one ends at an assertion; not with LOCAL"),
    # The same names in versions of their own, or hardly any.
    Case("ncurses-wide", ("libncurses6", "libncursesw6"),
         (*pair("libncurses.so.6", "libncursesw.so.6", (), bound=(("libncursesw.so.6", "libncurses.so.6", 0),)),
          other_order("libncursesw.so.6", "libncurses.so.6", bound=(("libncurses.so.6", "libncursesw.so.6", 0),))),
         why="the two have structures of different sizes, and versions that keep them apart"),
    Case("lua53-54", ("liblua5.3-0", "liblua5.4-0"),
         (*pair("liblua5.3.so.0", "liblua5.4.so.0", (), bound=(("liblua5.4.so.0", "liblua5.3.so.0", 0),)),
          other_order("liblua5.4.so.0", "liblua5.3.so.0", bound=(("liblua5.3.so.0", "liblua5.4.so.0", 0),))),
         why="versions keep them apart"),
    Case("fuse-twice", ("libfuse2", "libfuse3-3"),
         tuple(pair("libfuse.so.2", "libfuse3.so.3", (), bound=(("libfuse3.so.3", "libfuse.so.2", 0),))),
         why="versions keep them apart"),
    # Which of the two is called is a matter of speed: they are made to stand in for each other.
    Case("blas-reference", ("libblas3", "libopenblas0-pthread"), (
        Plan("reference GLOBAL", (f"{BLAS}:NOW,GLOBAL", f"{OPENBLAS}:NOW"), may_harm=True,
             bound=(("libopenblas.so.0", "libblas.so.3", 134),)),
        Plan("OpenBLAS GLOBAL", (f"{OPENBLAS}:NOW,GLOBAL", f"{BLAS}:NOW"), may_harm=True,
             bound=(("libblas.so.3", "libopenblas.so.0", 151),)),
        Plan("LOCAL", (f"{BLAS}:NOW", f"{OPENBLAS}:NOW"))),
         why="dgesv of OpenBLAS is right over the reference BLAS, too, and slow"),
    Case("unwind-late", ("libunwind8", "libstdc++6", "libgcc-s1"), (
        Plan("libunwind late", ("libstdc++.so.6:NOW,GLOBAL", "libunwind.so.8:NOW,GLOBAL")),
        Plan("libunwind LOCAL", ("libunwind.so.8:NOW", "libstdc++.so.6:NOW")),
        Plan("libunwind first", ("libunwind.so.8:NOW,GLOBAL", "libstdc++.so.6:NOW"), bound=(
            ("libstdc++.so.6", "libunwind.so.8", 11), ("libgcc_s.so.1", "libunwind.so.8", 9)))),
         why="one unwinder serves all in each of them: exceptions run their clean-ups and are caught"),
    Case("unwind-preload", ("libunwind8", "apt", "libstdc++6"), (Plan("start-up"),), program="/usr/bin/apt-get",
         environment={"LD_PRELOAD": f"{{T}}{LIBRARIES}/libunwind.so.8"},
         why="the preloaded unwinder serves all; an exception thrown under it is caught"),
    # Hosts and their plugins, which take from the host what it exports for them.
    Case("apache-modules", ("apache2-bin",), (Plan("modules", tuple(
        f"{{T}}/usr/lib/apache2/modules/mod_{module}.so:NOW,GLOBAL"
        for module in ("mpm_event", "ssl", "http2", "deflate", "proxy", "proxy_http", "lua", "dav", "ldap", "brotli"))),),
         program="/usr/sbin/apache2", why="as any server loads them"),
    Case("postgres-modules", ("postgresql-15",), (Plan("modules", tuple(
        f"{{T}}/usr/lib/postgresql/15/lib/{module}.so:NOW,GLOBAL" for module in ("plpgsql", "pgcrypto", "libpqwalreceiver")),
        known_wrong="libpq and postgres are built from one source, of one release, and share five functions that hold no "
                    "state, as pg_utf_mblen; three of them are compiled differently, for the one is a library"),),
         program="/usr/lib/postgresql/15/bin/postgres", why="as every standby server loads them"),
]
