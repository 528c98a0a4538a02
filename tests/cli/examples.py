# SPDX-License-Identifier: MIT
"""The objects that transcripts are about: a player, its codec library, and plugins that bring their own copy of it.

    player            needs libcodec.so.1
    lib/libcodec.so.1 defines codec_open, codec_read
    static.so         has a copy of both inside, and uses them
    newer.so          uses codec_reset, which no libcodec.so.1 has
    wants.so          needs libwanted.so, which is nowhere
    first.so, second.so   first.so defines hook, second.so uses it
"""

from __future__ import annotations

from pathlib import Path

from harness import build

CODEC = "int codec_open(void) { return 1; } int codec_read(void) { return 2; }"
USES = "int codec_open(void); int codec_read(void);"


def build_examples(directory: Path) -> None:
    """Builds all of them."""
    def library(name: str, source: str, *options: str) -> None:
        build(directory / name, source, "-shared", "-fPIC", *options)

    library("lib/libcodec.so.1", CODEC, "-Wl,-soname,libcodec.so.1")
    build(directory / "player", f"{USES} void _start(void) {{ codec_open(); codec_read(); }}", "-pie", "-fPIE",
          "lib/libcodec.so.1", "-Wl,-z,now", "-Wl,--enable-new-dtags", "-Wl,-rpath,lib")
    library("static.so", f"{CODEC} int plugin(void) {{ return codec_open() + codec_read(); }}")
    library("newer.so", "int codec_reset(void); int codec_open(void);"
                        "int plugin(void) { return codec_reset() + codec_open(); }")
    library("libwanted.so", "int wanted(void) { return 1; }", "-Wl,-soname,libwanted.so")
    library("wants.so", "int wanted(void); int plugin(void) { return wanted(); }", "libwanted.so")
    (directory / "libwanted.so").unlink()
    library("first.so", "int hook(void) { return 1; }")
    library("second.so", "int hook(void); int plugin(void) { return hook(); }")
