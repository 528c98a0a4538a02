# SPDX-License-Identifier: MIT
"""Wheels of PyPI beside each other and beside what Python of Debian 12 brings.

Wheels carry what they need with them, each its own copy.  Python opens extension modules RTLD_LOCAL, which keeps the
copies apart; sys.setdlopenflags, or a library that ctypes opens, can have the first one seen by all that come later.
What is said to work or to fail has been tried with this Python and these wheels.
"""

from __future__ import annotations

from labels import Bound, Case, Plan

PYTHON = "/usr/bin/python3.11"
BUILTIN = "{T}/usr/lib/python3.11/lib-dynload"
CP311 = ".cpython-311-x86_64-linux-gnu.so"
Pairs = tuple[tuple[str, str], ...]


def _wheel(path: str) -> str:
    return f"{{T}}/wheels/{path}"


def _imports(first: str, second: str, known_wrong: str = "", bound: Bound = ()) -> Plan:
    """As Python's import statement does it."""
    return Plan("imports", (f"{first}:NOW", f"{second}:NOW"), known_wrong=known_wrong, bound=bound)


def _global(name: str, first: str, second: str, harms: Pairs = (), **more: object) -> Plan:
    """The first one for all to see."""
    return Plan(name, (f"{first}:NOW,GLOBAL", f"{second}:NOW"), harms, **more)  # type: ignore[arg-type]


def _case(name: str, wheels: tuple[str, ...], plans: tuple[Plan, ...], why: str, packages: tuple[str, ...] = ()) -> Case:
    return Case(name, ("python3.11", "libgcc-s1", "libstdc++6", *packages), plans, PYTHON, wheels=wheels, why=why)


H5PY = _wheel(f"h5py/defs{CP311}")
NETCDF = _wheel("netCDF4/_netCDF4.abi3.so")
TABLES = _wheel("tables/hdf5extension.abi3.so")
NUMPY = _wheel(f"numpy/core/_multiarray_umath{CP311}")
SCIPY = _wheel(f"scipy/linalg/_fblas{CP311}")
SKLEARN = _wheel(f"sklearn/utils/_openmp_helpers{CP311}")
LLVMLITE = _wheel("llvmlite/binding/libllvmlite.so")
PYSQLITE = _wheel(f"pysqlite3/_sqlite3{CP311}")
PSYCOPG = _wheel(f"psycopg2/_psycopg{CP311}")
PYMSSQL = _wheel(f"pymssql/_mssql{CP311}")
RUST = _wheel("cryptography/hazmat/bindings/_rust.abi3.so")
CURL_CFFI = _wheel("curl_cffi/_wrapper.abi3.so")
RASTERIO = _wheel(f"rasterio/_env{CP311}")
FIONA = _wheel(f"fiona/_env{CP311}")
LXML = _wheel(f"lxml/etree{CP311}")
CV2 = _wheel("cv2/cv2.abi3.so")
PYQT = _wheel("PyQt5/QtWidgets.abi3.so")
SSL = f"{BUILTIN}/_ssl{CP311}"
SQLITE = f"{BUILTIN}/_sqlite3{CP311}"
LIBOMP = "{T}/usr/lib/llvm-14/lib/libomp.so.5"

WHOLE_API = ("all that is called of a stable library's interface goes to another release of it, and nothing of it stays; "
             "what it makes is opaque, and it works")

WHEELS = [
    _case("wheels-hdf5", ("h5py==3.16.0", "netCDF4==1.7.5.1.post1"), (
        _imports(H5PY, NETCDF),
        _global("h5py GLOBAL", H5PY, NETCDF, may_harm=True, bound=(
            ("libhdf5-34cf00cd.so.*", "libhdf5-9e18f0c6.so.*", 3141), ("libnetcdf-*", "libhdf5-9e18f0c6.so.*", 198))),
        _global("netCDF4 GLOBAL", NETCDF, H5PY, may_harm=True, bound=(
            ("libhdf5-9e18f0c6.so.*", "libhdf5-34cf00cd.so.*", 3141), ("defs.*", "libhdf5-34cf00cd.so.*", 384)))),
          "HDF5 2.0 and 2.2.  Apart each writes what the other reads; with one GLOBAL the other's HDF5 is out of use as a "
          "whole, files are still written and read, and h5py warns of the version"),
    _case("wheels-tables", ("h5py==3.16.0", "tables==3.11.1"), (
        _imports(TABLES, H5PY, known_wrong=f"{WHOLE_API}: zlib in hdf5extension (libz.so.1 of python3.11), zstd and LZ4 in "
                 "libblosc2 (those in hdf5extension)"),
        _global("tables GLOBAL", TABLES, H5PY, (("libhdf5-9e18f0c6.so.*", "libhdf5-b93485fa.so.*"),), bound=(
            ("libhdf5-9e18f0c6.so.*", "libhdf5-b93485fa.so.*", 2842), ("defs.*", "libhdf5-b93485fa.so.*", 382))),
        _global("h5py GLOBAL", H5PY, TABLES, may_harm=True, bound=(
            ("libhdf5-b93485fa.so.*", "libhdf5-9e18f0c6.so.*", 2849),
            ("hdf5extension.*", "libhdf5-9e18f0c6.so.*", 130)))),
          "HDF5 1.14 and 2.0.  Apart all compressors of tables work; with tables GLOBAL the import of h5py ends with "
          "'Not a datatype', for 299 functions stay in HDF5 2.0; the other way round files can still be written"),
    _case("wheels-openblas", ("numpy==1.26.4", "scipy==1.11.4"), (
        _imports(NUMPY, SCIPY),
        _global("numpy GLOBAL", NUMPY, SCIPY, may_harm=True, bound=(("libopenblasp-*", "libopenblas64_p-*", 1354),)),
        _global("scipy GLOBAL", SCIPY, NUMPY, may_harm=True, bound=(("libopenblas64_p-*", "libopenblasp-*", 1358),))),
          "OpenBLAS 0.3.23 with a suffix to its interface, and 0.3.21 without.  The kernels have no suffix and cross with "
          "GLOBAL; linear algebra was right nevertheless on one processor, and nobody promises that"),
    _case("wheel-gomp", ("scikit-learn==1.3.2",), (
        _imports(SKLEARN, "libgomp.so.1"),
        _global("wheel GLOBAL", SKLEARN, "libgomp.so.1", may_harm=True, bound=(("libgomp.so.1", "libgomp-*", 26),)),
        Plan("with libomp", (f"{SKLEARN}:NOW", f"{LIBOMP}:NOW")),
        _global("libomp GLOBAL", LIBOMP, SKLEARN, may_harm=True, bound=(("_openmp_helpers.*", "libomp.so.5", 1),))),
          "two libgomps have two pools of threads; apart that costs time only, and libomp's names have versions of their own",
          ("libgomp1", "libomp5-14")),
    _case("wheel-llvm", ("llvmlite==0.41.1",), (
        _imports(LLVMLITE, "libLLVM-14.so.1"),
        _global("libLLVM GLOBAL", "libLLVM-14.so.1", LLVMLITE, bound=(("libllvmlite.so", "libLLVM-14.so.1", 5),)),
        _global("llvmlite GLOBAL", LLVMLITE, "libLLVM-14.so.1", bound=(("libLLVM-14.so.1", "libllvmlite.so", 4),))),
          "both have LLVM 14, and the wheel hides its own but for a few weak templates; it compiles and runs functions beside "
          "the other one", ("libllvm14",)),
    _case("wheel-sqlite", ("pysqlite3-binary==0.5.4.post2",), (
        _imports(PYSQLITE, SQLITE),
        _global("wheel GLOBAL", PYSQLITE, SQLITE, may_harm=True, bound=(("libsqlite3.so.0", "_sqlite3.*", 264),)),
        _global("Debian's GLOBAL", SQLITE, PYSQLITE, may_harm=True, bound=(("_sqlite3.*", "libsqlite3.so.0", 352),))),
          "SQLite 3.51 in the wheel and 3.40 of Debian.  Apart each module tells its own version; with GLOBAL both tell the "
          "first one's and still work, without what the newer one can do"),
    _case("wheel-openssl3", ("psycopg2-binary==2.9.13",), (
        _imports(PSYCOPG, SSL),
        _global("wheel GLOBAL", PSYCOPG, SSL, may_harm=True, bound=(
            ("libcrypto.so.3", "libcrypto-*", 3061), ("libssl.so.3", "libssl-*", 151), ("_ssl.*", "libssl-*", 101)))),
          "OpenSSL 3.5 and 3.0, whose versions of symbols are the same.  With GLOBAL ssl tells the wheel's and shakes hands; "
          "it is another release, with another configuration, than what Debian keeps secure"),
    _case("wheels-openssl-apart", ("pymssql==2.4.6", "cryptography==50.0.2"), (
        _imports(PYMSSQL, SSL),
        _global("OpenSSL 1.1 GLOBAL", PYMSSQL, SSL, bound=(("lib*.so.3", "lib*.so.1.1*", 0),)),
        _global("OpenSSL 3 GLOBAL", SSL, PYMSSQL, bound=(("lib*.so.1.1*", "lib*.so.3", 0),)),
        _global("cryptography GLOBAL", RUST, SSL, bound=(("lib*.so.3", "_rust.*", 0),)),
        _global("OpenSSL 3 before cryptography", SSL, RUST, bound=(("_rust.*", "lib*.so.3", 0),))),
          "versions keep OpenSSL 1.1 and 3 apart, and cryptography hides all that it has inside"),
    _case("wheel-boringssl", ("curl-cffi==0.17.0",), (
        _imports(CURL_CFFI, SSL),
        Plan("OpenSSL GLOBAL", (f"{SSL}:NOW,GLOBAL", f"{CURL_CFFI}:NOW"), bound=(("_wrapper.*", "libcrypto.so.3", 0),))),
          "BoringSSL in the wheel, which hides it since it was once bound to the host's OpenSSL; curl itself tells that its "
          "zlib is Debian's"),
    _case("wheels-gdal", ("rasterio==1.4.4", "fiona==1.10.1"), (
        _imports(RASTERIO, FIONA, bound=(("lib*", "libzstd-*", 0), ("libgdal-c8*", "libblosc-*", 16)),
                 known_wrong="rasterio's libtiff and libgdal are bound to zstd 1.5.6 in its libblosc as a whole, and so is its "
                 "libzstd 1.5.7, which nobody enters"),
        _global("rasterio GLOBAL", RASTERIO, FIONA, (("libgdal-fiona-*", "libgdal-c8c9c467.so.*"),),
                bound=(("libgeos-fiona-*", "libgeos-1269e1bd.so.*", 3368),)),
        _global("fiona GLOBAL", FIONA, RASTERIO, (("libgdal-c8c9c467.so.*", "libgdal-fiona-*"),),
                bound=(("libgdal-c8c9c467.so.*", "libgdal-fiona-*", 4860),))),
          "GDAL 3.10 and 3.9 with all that they need.  With GLOBAL the second import ends in a constructor of its libproj, "
          "by std::bad_alloc or SIGSEGV; apart both read and write, all of zstd's files, too"),
    _case("wheel-xml", ("lxml==6.1.3",), (
        _imports(LXML, "libxslt.so.1"),
        _global("lxml GLOBAL", LXML, "libxslt.so.1", (("libxml2.so.2", "etree.*"), ("libxslt.so.1", "etree.*")),
                bound=(("libxml2.so.2", "etree.*", 39), ("libxslt.so.1", "etree.*", 382))),
        _global("libxslt GLOBAL", "libxslt.so.1", LXML, may_harm=True, bound=(
            ("etree.*", "libxml2.so.2", 815), ("etree.*", "libxslt.so.1", 203)))),
          "libxml2 2.14 in lxml and 2.9 of Debian, another ABI.  With lxml GLOBAL a transformation by Debian's libxslt is a "
          "SIGSEGV; apart it is not, and lxml writes and reads compressed documents with Debian's zlib",
          ("libxml2", "libxslt1.1")),
    _case("wheels-qt5", ("opencv-python==4.9.0.80", "PyQt5==5.15.11", "pyqt5-qt5==5.15.19"), (
        _imports(CV2, PYQT),
        _global("OpenCV GLOBAL", CV2, PYQT, may_harm=True, bound=(("libQt5*.so.5", "libQt5*-*", 11),)),
        _global("PyQt5 GLOBAL", PYQT, CV2, may_harm=True, bound=(("libQt5*-*", "libQt5*.so.5", 9),))),
          "Qt 5.15 twice, linked with -Bsymbolic-functions, so that a few names cross with GLOBAL and nearly all stay; a "
          "window is shown nevertheless"),
]
