#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bindsim check of archives: wheels, Debian packages, root file systems and saved images, and hostile ones of all kinds."""

import gzip
import hashlib
import io
import json
import lzma
import os
import shutil
import signal
import subprocess
import tarfile
import time
import unittest
import zipfile

from check_case import CheckTest, functions, user
from harness import BINDSIM, INTERPRETER, PROGRAM, environment

MODULE = "pack/_core.cpython-311-x86_64-linux-gnu.so"


def tar_bytes(members, mode="w", **options):
    """A tar of (TarInfo or name, bytes or None)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode, **options) as archive:
        for info, content in members:
            if isinstance(info, str):
                info = tarfile.TarInfo(info)
                info.mode = 0o755
            if content is not None:
                info.size = len(content)
            archive.addfile(info, io.BytesIO(content) if content is not None else None)
    return out.getvalue()


def link(name, target, kind=tarfile.SYMTYPE):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info, None


def directory(name):
    info = tarfile.TarInfo(name)
    info.type, info.mode = tarfile.DIRTYPE, 0o755
    return info, None


def ar_bytes(members):
    out = b"!<arch>\n"
    for name, content in members:
        out += f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(content):<10}`\n".encode()
        out += content + b"\n" * (len(content) % 2)
    return out


def deb_bytes(data, name="data.tar.xz", pack=lzma.compress):
    control = gzip.compress(tar_bytes([("./control", b"Package: p\n")]))
    return ar_bytes([("debian-binary", b"2.0\n"), ("control.tar.gz", control), (name, pack(data))])


class ArchiveTest(CheckTest):
    """Objects as bytes; the tool's temporary directories lie in tmp/."""

    def setUp(self):
        super().setUp()
        if subprocess.run([BINDSIM, "check", "--no-policy", "/dev/null"], stderr=subprocess.PIPE, check=False).returncode != 2:
            self.fail("the tool does not answer")
        self.tmp = self.directory / "tmp"
        self.tmp.mkdir()

    def bytes_of(self, name="libx.so", source="int nothing;", *options):
        path = self.object(f"made/{name}", source, "-Wl,-soname," + os.path.basename(name), *options)
        return path.read_bytes()

    def program_bytes(self, source=PROGRAM, *options):
        return self.program("made/program", source, *options).read_bytes()

    def made(self, name):
        """The path of an object that was made, to link against."""
        return str(self.directory / "made" / name)

    def check(self, *arguments, **options):
        answer = super().check("--no-policy", *arguments, env=environment(TMPDIR=str(self.tmp), **options.pop("variables", {})),
                               **options)
        if "built without libarchive" in answer.err or "libarchive, which reads archives, is not there" in answer.err:
            self.skipTest("there is no libarchive")
        self.assertEqual(list(self.tmp.iterdir()), [], "the temporary directory is left")
        self.assertNotIn(str(self.tmp), answer.out + answer.err, "the temporary directory is told")
        return answer

    def document(self, *arguments, **options):
        answer = self.check("--format=json", *arguments, **options)
        self.assertIn(answer.status, (0, 1), answer)
        return json.loads(answer.out)

    def names(self, *arguments, **options):
        return [o["name"] for o in self.document(*arguments, **options)["objects"]]

    def headings(self, answer):
        return [line.partition(": ")[0] for line in answer.out.splitlines() if ": glibc " in line]


class WheelTest(ArchiveTest):
    """Modules that the host's python opens, with the libraries that auditwheel puts beside them."""

    def wheel(self, name="pack-1-cp311-cp311-linux_x86_64.whl", **members):
        path = self.directory / name
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, content in (members or self.members).items():
                archive.writestr(member, content)
        return name

    def setUp(self):
        super().setUp()
        self.host = str(self.program("host"))
        library = self.bytes_of("libcodec-1234.so", functions(5))
        module = self.bytes_of("_core.so", "int codec_0(void); int PyInit__core(void) { return codec_0(); }",
                               self.made("libcodec-1234.so"), "-Wl,-rpath,$ORIGIN/../pack.libs", "-Wl,--disable-new-dtags")
        self.members = {"pack/__init__.py": b"", MODULE: module, "pack.libs/libcodec-1234.so": library,
                        "pack-1.dist-info/RECORD": b""}

    def test_found_by_origin(self):
        answer = self.check(self.wheel(), f"--host={self.host}")
        self.assertEqual(answer.status, 0, answer)
        self.assertEqual(self.headings(answer), ["modules"])
        names = self.names(self.wheel(), f"--host={self.host}")
        self.assertIn(MODULE, names)
        self.assertIn("/pack/../pack.libs/libcodec-1234.so", names)

    def test_missing_library(self):
        del self.members["pack.libs/libcodec-1234.so"]
        answer = self.check(self.wheel(), f"--host={self.host}")
        self.assert_refused(answer, "plan modules: step 1 failed: libcodec-1234.so: cannot open shared object file")

    def test_without_python(self):
        """Where there is none, a program is thought up."""
        answer = self.check(self.wheel(), "-v", variables={"PATH": "/nowhere"})
        self.assertEqual(answer.status, 0, answer)
        self.assertEqual(self.headings(answer), ["modules apart"])
        self.assertIn("there is no python3 for x86-64", answer.err)
        self.assert_trouble(self.check(self.wheel(), "--host=nobody"), "the host nobody for x86-64 is in no directory")

    def test_python_of_the_path(self):
        """A script of that name is none."""
        self.file("bin/python3", "#!/bin/sh\n", 0o755)
        self.program("other/python3")
        variables = {"PATH": f"{self.directory}/bin:{self.directory}/other"}
        answer = self.check(self.wheel(), variables=variables)
        self.assertTrue(answer.out.startswith(f"modules: {self.directory}/other/python3: "), answer.out)

    def test_nothing_that_cannot_be_typed(self):
        """No other command looks into an archive: none is named."""
        wheel = self.wheel(**{"lib/liba.so": self.bytes_of("liba.so", functions(5)), "lib/libb.so": self.bytes_of("libb.so", user(5, 100))})
        answer = self.check(wheel, "--fail-on=warning")
        self.assertIn("warning: captured-references: libb.so is bound to liba.so", answer.out)
        self.assertNotIn("...", answer.out)
        self.assertIn("\n\n  (bindsim explain --rule RULE tells what a rule means)\n\ncheck: failed", answer.out)

    def test_two_modules_and_a_library(self):
        clash = user(5, 100) + "int PyInit__other(void) { return plugin(); }"
        self.members["pack/_other.abi3.so"] = self.bytes_of("_other.so", clash)
        self.members["pack/helper.so"] = self.bytes_of("helper.so")
        answer = self.check(self.wheel(), f"--host={self.host}")
        self.assertEqual(answer.status, 0, answer)
        self.assertEqual(self.headings(answer), ["modules", "libraries apart"])
        steps = [s["file"] for s in self.document(self.wheel(), f"--host={self.host}", "--plan-name=modules")["question"]["steps"]]
        self.assertEqual(steps, [MODULE, "pack/_other.abi3.so"])

    def test_directories_of_the_system_in_it(self):
        """Its lib/ lies over the system's /lib, be that a directory or a link to one, and hides nothing of it."""
        self.members["lib/libtop.so"] = self.bytes_of("libtop.so")
        self.members["lib64/libtop64.so"] = self.bytes_of("libtop64.so")
        answer = self.check(self.wheel(), f"--host={self.host}")
        self.assertEqual((answer.status, self.headings(answer)), (0, ["modules", "libraries apart", "libraries together"]), answer)
        opened = self.document(self.wheel(), f"--host={self.host}", "--plan-name=libraries apart")["question"]["steps"]
        self.assertEqual([step["file"] for step in opened], ["lib/libtop.so", "lib64/libtop64.so"])

    def test_module_at_the_top(self):
        self.members = {"top.abi3.so": self.bytes_of("top.so")}
        self.assertIn("./top.abi3.so", self.names(self.wheel(), f"--host={self.host}"))

    def test_sarif_is_relative(self):
        one = user(5) + "int PyInit_one(void) { return plugin(); }"
        self.members = {"a/liba.so": self.bytes_of("liba.so", functions(5)), "a/libb.so": self.bytes_of("libb.so", one)}
        answer = self.check(self.wheel(), "--format=sarif", "--fail-on=warning", "--plan-name=libraries together")
        uris = [r["locations"][0]["physicalLocation"]["artifactLocation"] for r in json.loads(answer.out)["runs"][-1]["results"]]
        self.assertTrue(uris, answer)
        for uri in uris:
            self.assertRegex(uri["uri"], r"^a/lib[ab]\.so$")

    def test_same_bytes(self):
        answers = {self.check(self.wheel(), f"--host={self.host}", "--format=json").out for _ in range(3)}
        self.assertEqual(len(answers), 1)

    def test_nothing_in_it(self):
        self.assert_trouble(self.check(self.wheel(**{"pack/__init__.py": b""})), "no shared object in it")
        self.assert_trouble(self.check(self.wheel(), "--executable=x"), "a wheel has modules")
        self.assert_trouble(self.check(self.wheel(), "--dlopen=x"), "steps belong to an executable")

    def test_no_plan_file(self):
        """It would name what is gone by then."""
        for option in ("--format=plan", "--report=plan:x"):
            self.assert_trouble(self.check(self.wheel(), f"--host={self.host}", option), "--format=plan: ")


class PackageTest(ArchiveTest):
    """A package over a root."""

    def setUp(self):
        super().setUp()
        self.object(f"root/usr{INTERPRETER}", "int nothing;", "-Wl,-soname,ld-linux-x86-64.so.2")
        self.object("root/usr/lib64/libdep.so", functions(5), "-Wl,-soname,libdep.so")
        (self.directory / "root/lib64").symlink_to("usr/lib64")
        needed = str(self.directory / "root/usr/lib64/libdep.so")
        self.tool = self.program_bytes("int codec_0(void); void _start(void) { codec_0(); }", needed)
        self.root = f"--root={self.directory}/root"

    def package(self, members, **options):
        self.file("p.deb", deb_bytes(tar_bytes(members), **options))
        return "p.deb"

    def contents(self):
        return {str(p): (p.lstat().st_mode, p.lstat().st_mtime_ns) for p in sorted((self.directory / "root").rglob("*"))}

    def test_dependencies_of_the_root(self):
        before = self.contents()
        answer = self.check(self.package([("./usr/bin/tool", self.tool)]), self.root)
        self.assertEqual(answer.status, 0, answer)
        self.assertEqual(self.headings(answer), ["/usr/bin/tool"])
        self.assertIn("/lib64/libdep.so", self.names("p.deb", self.root))
        self.assertEqual(self.contents(), before, "the root was written to")

    def test_dependencies_that_this_machine_has_not(self):
        """Where they may be is told, but not to who has said where."""
        package = self.package([("./usr/bin/tool", self.tool)])
        answer = self.check(package)
        self.assert_refused(answer, "libdep.so: cannot open shared object file")
        self.assertIn("   system      this machine; --root=DIR is for another one, unpacked in a directory\n", answer.out)
        (self.directory / "root/usr/lib64/libdep.so").unlink()
        answer = self.check(package, self.root)
        self.assert_refused(answer, "libdep.so: cannot open shared object file")
        self.assertNotIn("--root=DIR", answer.out)
        self.file("bin/tool", self.tool).chmod(0o755)
        self.assertNotIn("--root=DIR", self.check("bin/tool").out)

    def test_packings(self):
        for name, pack in (("data.tar", bytes), ("data.tar.gz", gzip.compress), ("data.tar.xz", lzma.compress)):
            package = self.package([("./usr/bin/tool", self.tool)], name=name, pack=pack)
            self.assertEqual(self.check(package, self.root).status, 0)

    def test_real_packer(self):
        if not shutil.which("dpkg-deb"):
            self.skipTest("there is no dpkg-deb")
        self.file("pkg/DEBIAN/control", "Package: p\nVersion: 1\nArchitecture: amd64\nMaintainer: m <m@m>\nDescription: d\n")
        self.file("pkg/usr/bin/tool", self.tool, 0o755)
        (self.directory / "pkg/usr/lib64").mkdir()
        self.file("pkg/usr/lib64/libnew.so", self.bytes_of("libnew.so"))
        for kind in ("xz", "gzip", "zstd"):
            done = subprocess.run(["dpkg-deb", "-q", f"-Z{kind}", "-b", "pkg", "p.deb"], cwd=self.directory, check=False,
                                  stderr=subprocess.PIPE)
            if done.returncode == 0:
                answer = self.check("p.deb", self.root)
                self.assertEqual((answer.status, self.headings(answer)), (0, ["/usr/bin/tool", "apart"]), kind)

    def test_package_wins(self):
        """Its library is taken, not the root's of the same name, which is reached by a link of the root."""
        new = self.bytes_of("libdep.so", functions(1))
        for path in ("./usr/lib64/libdep.so", "./lib64/libdep.so"):
            package = self.package([directory("./usr"), directory("./lib64"), ("./usr/bin/tool", self.tool), (path, new)])
            document = self.document(package, self.root, "--plan-name=/usr/bin/tool")
            bound = [b["symbol"] for b in document["steps"][0]["bindings"]]
            self.assertIn("codec_0", json.dumps(bound))
            opened = self.document(package, self.root, "--plan-name=apart")["question"]["steps"]
            self.assertEqual([step["file"] for step in opened], ["/usr/lib64/libdep.so"])
        lacking = self.program_bytes("int codec_3(void); void _start(void) { codec_3(); }",
                                     str(self.directory / "root/usr/lib64/libdep.so"), "-Wl,-z,now")
        package = self.package([("./usr/bin/tool", lacking), ("./usr/lib64/libdep.so", new)])
        self.assert_refused(self.check(package, self.root), "undefined symbol: codec_3")

    def test_directory_over_a_link_of_the_root(self):
        """/lib64 is a link in the root: what the package puts there is seen by both names."""
        package = self.package([directory("./lib64"), ("./lib64/libown.so", self.bytes_of("libown.so")),
                                ("./usr/bin/tool", self.program_bytes(PROGRAM, "-Wl,--no-as-needed", self.made("libown.so")))])
        self.assertIn("/lib64/libown.so", self.names(package, self.root, "--plan-name=/usr/bin/tool"))

    def test_links_across(self):
        """A link of the package into the root, one of the root into the package, and `..' behind a link."""
        (self.directory / "root/opt").mkdir()
        (self.directory / "root/usr/lib64/libcross.so").symlink_to("/opt/pkg/cross.so")
        own = self.bytes_of("libcross.so")
        package = self.package([
            directory("./opt/pkg"), ("./opt/pkg/cross.so", own), link("./opt/pkg/dep", "/lib64/../lib64/libdep.so"),
            ("./usr/bin/tool", self.program_bytes(PROGRAM, "-Wl,--no-as-needed", self.made("libcross.so")))])
        names = self.names(package, self.root, "--plan-name=/usr/bin/tool")
        self.assertIn("/lib64/libcross.so", names)
        opened = self.document(package, self.root, "--plan-name=apart")["question"]["steps"]
        self.assertEqual([step["file"] for step in opened], ["/opt/pkg/cross.so"])

    def test_hides_what_it_replaces(self):
        """Words in place of a library: the loader meets them."""
        package = self.package([("./usr/bin/tool", self.tool), ("./usr/lib64/libdep.so", b"no library any more")])
        self.assert_refused(self.check(package, self.root), "libdep.so: file too short")

    def test_without_a_root(self):
        """The machine's own."""
        package = self.package([("./opt/own/libown.so", self.bytes_of("libown.so"))])
        self.assertIn("/opt/own/libown.so", self.names(package))

    def test_name_is_the_roots_first(self):
        """A file of the root hides the host's of the same name, an archive; so does a directory. The same file is an archive."""
        self.package([("./usr/bin/other", self.tool)])
        package = str(self.directory / "p.deb")
        self.assertEqual(self.headings(self.check(package, self.root)), ["/usr/bin/other"])
        self.file("root" + package, self.tool, 0o755)
        answer = self.check(package, self.root)
        self.assertEqual((answer.status, self.headings(answer)), (0, [package]), answer)
        (self.directory / f"root{package}").unlink()
        (self.directory / f"root{package}").mkdir()
        self.object(f"root{package}/libown.so")
        self.assertEqual(self.document(package, self.root)["question"]["steps"][0]["file"], f"{package}/libown.so")
        self.file("root/p.deb", (self.directory / "p.deb").read_bytes())
        self.assertEqual(self.headings(self.check("p.deb", self.root, cwd="root")), ["/usr/bin/other"])

    def test_executable(self):
        package = self.package([("./usr/bin/tool", self.tool), ("./usr/sbin/other", self.tool)])
        self.assertEqual(self.headings(self.check(package, self.root)), ["/usr/bin/tool", "/usr/sbin/other"])
        for glob in ("other", "/usr/sbin/*", "oth*"):
            self.assertEqual(self.headings(self.check(package, self.root, f"--executable={glob}")), ["/usr/sbin/other"])
        self.assert_trouble(self.check(package, self.root, "--executable=none"), "is called none")

    def test_no_package(self):
        self.file("x.a", ar_bytes([("x.o", b"")]))
        self.assert_trouble(self.check("x.a", self.root), "x.a: no Debian package: it has no data.tar")


class SystemTest(ArchiveTest):
    """A tar of a root, and images with their layers."""

    def setUp(self):
        super().setUp()
        self.loader = self.bytes_of("ld-linux-x86-64.so.2")
        self.library = self.bytes_of("libdep.so", functions(5))
        self.tool = self.program_bytes("int codec_0(void); void _start(void) { codec_0(); }", self.made("libdep.so"))
        self.base = [directory("usr/bin"), directory("usr/lib64"), link("lib64", "usr/lib64"), link("bin", "usr/bin"),
                     (f"usr{INTERPRETER}", self.loader), ("usr/lib64/libdep.so", self.library)]

    def tar(self, members, name="image.tar", mode="w"):
        self.file(name, tar_bytes(members, mode))
        return name

    def docker(self, *layers, pack=bytes, name="image.tar", names=None):
        """As docker save: manifest.json and a layer.tar for each."""
        names = names or [f"{i:064x}/layer.tar" for i in range(len(layers))]
        members = [(n, pack(tar_bytes(layer))) for n, layer in zip(names, layers) if layer is not None]
        manifest = json.dumps([{"Config": "c.json", "RepoTags": None, "Layers": names}]).encode()
        return self.tar([*members, ("manifest.json", manifest)], name)

    def oci(self, *layers, nested=False):
        """The layout of the OCI, in which everything is a blob that its digest names."""
        blobs = []

        def blob(content):
            digest = hashlib.sha256(content).hexdigest()
            blobs.append((f"blobs/sha256/{digest}", content))
            return {"digest": f"sha256:{digest}", "size": len(content)}

        manifest = blob(json.dumps({"layers": [blob(gzip.compress(tar_bytes(layer), mtime=0)) for layer in layers]}).encode())
        index = {"manifests": [manifest, {"digest": "sha256:0", "platform": {"os": "unknown", "architecture": "unknown"}}]}
        if nested:
            index = {"manifests": [blob(json.dumps(index).encode())]}
        return self.tar([("oci-layout", b'{"imageLayoutVersion":"1.0.0"}'), *blobs, ("index.json", json.dumps(index).encode())])

    def test_root_file_system(self):
        for mode in ("w", "w:gz", "w:xz", "w:bz2"):
            answer = self.check(self.tar([*self.base, ("usr/bin/tool", self.tool)], mode=mode))
            self.assertEqual((answer.status, self.headings(answer)), (0, ["/usr/bin/tool"]), answer)
        self.assertIn("/lib64/libdep.so", self.names("image.tar"))

    def test_nothing_outside(self):
        """The machine's own libraries are not those of the image."""
        members = [m for m in self.base if m[0] != "usr/lib64/libdep.so"]
        answer = self.check(self.tar([*members, ("usr/bin/tool", self.tool)]), variables={"LD_LIBRARY_PATH": "made"})
        self.assert_refused(answer, "libdep.so: cannot open shared object file")
        self.assert_trouble(self.check("image.tar", "--root=made"), "it is a root itself")

    def test_executables(self):
        static = self.program_bytes(PROGRAM, "-static", "-no-pie", "-fno-pie")
        answer = self.check(self.tar([*self.base, ("usr/bin/tool", self.tool), link("usr/bin/alias", "tool"),
                                      ("usr/bin/script", b"#!/bin/sh\n"), ("usr/bin/static", static), ("opt/tool", self.tool)]))
        self.assertEqual(self.headings(answer), ["/usr/bin/tool"])
        self.assertEqual(self.headings(self.check("image.tar", "--executable=/opt/*")), ["/opt/tool"])
        self.assert_trouble(self.check(self.tar(self.base)), "no executable in it")

    def test_hard_links_and_configuration(self):
        program = self.program_bytes(PROGRAM, "-Wl,--no-as-needed", self.made("libdep.so"))
        members = [m for m in self.base if m[0] != "usr/lib64/libdep.so"]
        answer = self.document(self.tar([*members, ("opt/real.so", self.library), ("etc/ld.so.conf", b"/opt/lib\n"),
                                         link("opt/lib/libdep.so", "opt/real.so", tarfile.LNKTYPE), ("usr/bin/tool", program)]),
                               "--ldconfig")
        self.assertIn("/opt/lib/libdep.so", [o["name"] for o in answer["objects"]])

    def test_docker_layers(self):
        """The upper layer's library is the one, whatever the manifest's place."""
        new = self.bytes_of("libdep.so", functions(1))
        image = self.docker([*self.base, ("usr/bin/tool", self.tool)], [("usr/lib64/libdep.so", new)])
        self.assertEqual(self.check(image).status, 0)
        lacking = self.bytes_of("libdep.so", "int another;")
        self.assert_refused(self.check(self.docker([*self.base, ("usr/bin/tool", self.tool)],
                                                   [("usr/lib64/libdep.so", lacking)]), "--use-env", "--bind-now"),
                            "undefined symbol: codec_0")

    def test_packed_layers(self):
        image = self.docker([*self.base, ("usr/bin/tool", self.tool)], pack=gzip.compress)
        self.assertEqual(self.headings(self.check(image)), ["/usr/bin/tool"])

    def test_whiteouts(self):
        base = [*self.base, ("usr/bin/tool", self.tool), ("usr/bin/other", self.program_bytes())]
        gone = self.docker(base, [("usr/bin/.wh.other", b"")])
        self.assertEqual(self.headings(self.check(gone)), ["/usr/bin/tool"])
        gone = self.docker(base, [("usr/lib64/.wh.libdep.so", b"")])
        self.assert_refused(self.check(gone), "libdep.so: cannot open shared object file")
        # What the layer itself has stays, wherever in it the mark stands.
        layer = [("usr/bin/new", self.program_bytes()), ("usr/bin/.wh..wh..opq", b"")]
        self.assertEqual(self.headings(self.check(self.docker(base, layer))), ["/usr/bin/new"])
        back = self.docker(base, [("usr/bin/.wh.other", b"")], [("usr/bin/other", self.program_bytes())])
        self.assertEqual(self.headings(self.check(back)), ["/usr/bin/other", "/usr/bin/tool"])

    def test_kinds_change_between_layers(self):
        """A link becomes a directory, a directory a file, a file a link."""
        base = [*self.base, ("usr/bin/tool", self.tool), ("opt/a/x.so", self.library), link("opt/b", "a"), ("opt/c", self.library)]
        layer = [("opt/a", self.library), directory("opt/b"), ("opt/b/tool", self.tool), link("opt/c", "b")]
        image = self.docker(base, layer)
        self.assertEqual(self.headings(self.check(image, "--executable=/opt/*")), ["/opt/b/tool"])

    def test_linked_layers(self):
        names = ["aa/layer.tar", "bb/layer.tar"]
        layer = tar_bytes([*self.base, ("usr/bin/tool", self.tool)])
        manifest = json.dumps([{"Layers": names}]).encode()
        image = self.tar([("aa/layer.tar", layer), link("bb/layer.tar", "../aa/layer.tar"), ("manifest.json", manifest)])
        self.assertEqual(self.headings(self.check(image)), ["/usr/bin/tool"])
        image = self.tar([link("aa/layer.tar", "../bb/layer.tar"), link("bb/layer.tar", "../aa/layer.tar"),
                          ("manifest.json", manifest)])
        self.assert_trouble(self.check(image), "a link to itself")

    def test_oci(self):
        for nested in (False, True):
            image = self.oci([*self.base, ("usr/bin/tool", self.tool)], [("usr/bin/more", self.tool)], nested=nested)
            self.assertEqual(self.headings(self.check(image)), ["/usr/bin/more", "/usr/bin/tool"])

    def test_root_with_files_called_like_those_of_images(self):
        """A manifest of something else is a file like others."""
        for name, content in (("manifest.json", b'{"name": "app"}'), ("manifest.json", b"[]"), ("manifest.json", b'[{"a": 1}]'),
                              ("manifest.json", b"{"), ("index.json", b'{"manifests": []}'), ("oci-layout", b"{}")):
            answer = self.check(self.tar([*self.base, ("usr/bin/tool", self.tool), (name, content)]))
            self.assertEqual((answer.err, self.headings(answer)), ("", ["/usr/bin/tool"]), (name, content))

    def test_manifest_beside_a_layout(self):
        """What is no manifest of Docker's does not hide the layout."""
        self.oci([*self.base, ("usr/bin/tool", self.tool)])
        with tarfile.open(self.directory / "image.tar", "a") as image:
            info = tarfile.TarInfo("manifest.json")
            info.size = 2
            image.addfile(info, io.BytesIO(b"[]"))
        self.assertEqual(self.headings(self.check("image.tar")), ["/usr/bin/tool"])

    def test_broken_images(self):
        for manifest, problem in (
                (b'[{"Layers": null}]', "manifest.json: it names no layers"), (b'[{"Layers": [1]}]', "a layer has no name"),
                (b'[{"Layers": ["x"]}]', "the layer x is not in it"),
                (b'[{"Layers": []}, {"Layers": []}]', "several images")):
            self.assert_trouble(self.check(self.tar([("manifest.json", manifest)])), "image.tar: ", problem)
        for index, problem in (
                (b"[", "index.json: "), (b"{}", "index.json: it names no image"),
                (b'{"manifests": [{"digest": "md5:1"}]}', "it names no image"),
                (b'{"manifests": [{"digest": "sha256:../../x"}]}', "blobs/sha256/../../x: it is not in the image"),
                (b'{"manifests": [{}, {}]}', "several images")):
            self.assert_trouble(self.check(self.tar([("oci-layout", b"{}"), ("index.json", index)])), "image.tar: ", problem)
        self.assert_trouble(self.check(self.docker([("x", b"")], pack=lambda b: b"no tar at all")), "layer.tar: ")


class HostileTest(ArchiveTest):
    """Archives that want to be elsewhere, or never to end."""

    def setUp(self):
        super().setUp()
        self.elf = self.bytes_of()
        self.outside = self.directory / "outside"
        self.outside.mkdir()
        self.file("outside/kept", "as it was")

    def tar(self, members, name="bad.tar"):
        self.file(name, tar_bytes(members, format=tarfile.GNU_FORMAT))
        return name

    def assert_kept(self):
        self.assertEqual(sorted(p.name for p in self.outside.iterdir()), ["kept"])
        self.assertEqual((self.outside / "kept").read_text(), "as it was")

    def test_names(self):
        for name in ("../outside/kept", "a/../../outside/kept", "a/..", ".."):
            self.assert_trouble(self.check(self.tar([(name, self.elf)])), "bad.tar: ", "leads out of the archive")
            self.assert_kept()
        # The top is the archive's own.
        self.check(self.tar([(f"{self.outside}/kept", self.elf)]))
        self.assert_kept()

    def test_zip_names(self):
        with zipfile.ZipFile(self.directory / "bad.whl", "w") as archive:
            archive.writestr("../outside/kept", self.elf)
        self.assert_trouble(self.check("bad.whl"), "bad.whl: ", "leads out of the archive")
        self.assert_kept()

    def test_files_through_links(self):
        """A link leads to a place of the archive's own root, wherever it is said to lead."""
        for target in (str(self.outside), "../" * 12 + str(self.outside)[1:], "/"):
            self.check(self.tar([link("a", target), ("a/kept", self.elf), ("a/new.so", self.elf)]))
            self.assert_kept()
        self.check(self.tar([link("a", str(self.outside / "kept")), ("a", self.elf)]))
        self.assert_kept()

    def test_hard_links(self):
        for target in (str(self.outside / "kept"), "../../outside/kept"):
            self.check(self.tar([link("a.so", target, tarfile.LNKTYPE), ("a.so", self.elf)]))
            self.assert_kept()
        self.check(self.tar([link("a", str(self.outside)), link("b.so", "a/kept", tarfile.LNKTYPE), ("b.so", self.elf)]))
        self.assert_kept()
        self.check(self.tar([("a.so", self.elf), link("a.so", "a.so", tarfile.LNKTYPE)]))

    def test_devices_and_modes(self):
        device = tarfile.TarInfo("usr/bin/device")
        device.type, device.devmajor, device.devminor = tarfile.CHRTYPE, 1, 5
        fifo = tarfile.TarInfo("usr/bin/fifo")
        fifo.type = tarfile.FIFOTYPE
        self.assert_trouble(self.check(self.tar([(device, None), (fifo, None)])), "no executable in it")

    def test_whiteouts_outside(self):
        manifest = json.dumps([{"Layers": ["a", "b"]}]).encode()
        for name in ("../outside/.wh.kept", "a/.wh..wh..opq", ".wh..", ".wh.."):
            layers = [tar_bytes([link("a", str(self.outside)), ("x", b"")]), tar_bytes([(name, b"")])]
            self.check(self.tar([("a", layers[0]), ("b", layers[1]), ("manifest.json", manifest)]))
            self.assert_kept()

    def test_too_many_bytes(self):
        """The size that an entry says it has is enough to see."""
        info = tarfile.TarInfo("big")
        info.size = 17 << 30
        self.file("bad.tar", info.tobuf(tarfile.GNU_FORMAT))
        self.assert_trouble(self.check("bad.tar"), "bad.tar: ", "more than 16 GiB are packed in it")

    def test_passed_over_again(self):
        """What lies before the layers is passed over for each of them, and is paid for once."""
        info = tarfile.TarInfo("big")
        info.size = 1 << 30
        names = [f"{i}/layer.tar" for i in range(10)]
        loader = self.bytes_of("ld-linux-x86-64.so.2")
        layer = tar_bytes([("usr/bin/tool", self.program_bytes()), (INTERPRETER[1:], loader)])
        rest = tar_bytes([(name, layer) for name in names] + [("manifest.json", json.dumps([{"Layers": names}]).encode())])
        with open(self.directory / "image.tar", "wb") as image:
            image.write(info.tobuf(tarfile.GNU_FORMAT))
            image.seek(info.size, os.SEEK_CUR)
            image.write(rest)
        answer = self.check("image.tar")
        self.assertEqual((answer.err, self.headings(answer)), ("", ["/usr/bin/tool"]))

    def test_deep(self):
        self.assert_trouble(self.check(self.tar([("d/" * 200 + "x.so", self.elf)])), "too many directories in each other")
        self.assert_trouble(self.check(self.tar([("n" * 300, self.elf)])), "the name is too long")

    def test_links_in_circles(self):
        self.check(self.tar([link("a", "b"), link("b", "a"), ("c/x.so", self.elf)]))
        self.assert_trouble(self.check(self.tar([link("a", "b"), link("b", "a"), ("a/x.so", self.elf)])), "no directory")

    def test_file_in_a_file(self):
        self.assert_trouble(self.check(self.tar([("a", self.elf), ("a/b", self.elf)])), "it lies in what is no directory")

    def test_cut_short(self):
        members = [("usr/bin/tool", self.program_bytes()), ("usr/lib/libx.so", self.elf)]
        whole = {"bad.tar": tar_bytes(members), "bad.tar.gz": gzip.compress(tar_bytes(members)),
                 "bad.tar.xz": lzma.compress(tar_bytes(members)), "bad.deb": deb_bytes(tar_bytes(members))}
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr("a/x.so", self.elf)
        whole["bad.whl"] = out.getvalue()
        for name, content in whole.items():
            for n in (len(content) // 2, len(content) - 600 if name != "bad.tar" else 700):
                self.file(name, content[:n])
                self.assert_trouble(self.check(name), f"bindsim: {name}: ")

    def test_random_damage(self):
        """Bytes that are turned round: an answer or an error, never a crash."""
        members = [directory("usr/bin"), ("usr/bin/tool", self.program_bytes()), link("lib", "usr/lib"), ("usr/lib/libx.so", self.elf)]
        content = tar_bytes(members)
        for n in range(0, 3072, 211):
            self.file("bad.tar", content[:n] + bytes([content[n] ^ 0xff]) + content[n + 1:])
            self.check("bad.tar", "--executable=*")

    def test_words(self):
        for name, content in (("bad.gz", gzip.compress(b"words")), ("bad.zip", b"PK\3\4words"), ("bad.deb", b"!<arch>\nwords")):
            self.file(name, content)
            self.assert_trouble(self.check(name), f"bindsim: {name}: ")

    def test_names_are_escaped(self):
        answer = self.check(self.tar([("usr/bin/\x1b[31mtool", self.program_bytes())]))
        self.assertNotIn("\x1b", answer.out + answer.err)

    def test_no_place(self):
        self.tar([("usr/bin/tool", self.program_bytes())])
        answer = self.bindsim("check", "bad.tar", env=environment(TMPDIR="/nowhere"))
        self.assert_trouble(answer, "/nowhere/bindsim-", "No such file or directory")


class LimitTest(ArchiveTest):
    """What was laid out is removed by who has few descriptors, too."""

    def test_directories_in_each_other(self):
        """As deep as they may be, many in one, and some called as those that are on their way out."""
        deep = "".join(f"{n}/" for n in range(100))
        names = ["usr/bin/tool", deep + "tool", "removed-0/removed-1/a/b/tool", "removed-2",
                 *(f"wide/{n}/in/tool" for n in range(40))]
        self.file("bad.tar", tar_bytes([(name, self.program_bytes()) for name in names]))
        self.assertIn("usr/bin/tool: its loader ", self.run_with(24), "it was laid out")

    def test_each_number(self):
        self.file("bad.tar", tar_bytes([("usr/bin/tool", self.program_bytes())]))
        for limit in range(5, 20):
            with self.subTest(limit=limit):
                self.run_with(limit)

    def run_with(self, limit):
        """What is said. Nothing is left."""
        done = subprocess.run(["sh", "-c", f'ulimit -n {limit}; exec "$0" check --no-policy bad.tar', BINDSIM], cwd=self.directory,
                              env=environment(TMPDIR=str(self.tmp)), capture_output=True, text=True, check=False)
        if "built without libarchive" in done.stderr or "libarchive, which reads archives, is not there" in done.stderr:
            self.skipTest("there is no libarchive")
        self.assertEqual(list(self.tmp.iterdir()), [], done.stderr)
        return done.stderr


class SignalTest(ArchiveTest):
    """Whatever the tool dies of, nothing is left."""

    def test_killed(self):
        fifo = self.directory / "out"
        os.mkfifo(fifo)
        self.file("image.tar", tar_bytes([("usr/bin/tool", self.program_bytes())]))
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL):
            # It opens its output, and waits there for who reads, when all is laid out.
            with subprocess.Popen([BINDSIM, "check", "--no-policy", "image.tar", "-o", str(fifo)], cwd=self.directory,
                                  env=environment(TMPDIR=str(self.tmp)), stderr=subprocess.DEVNULL) as process:
                deadline = time.monotonic() + 20
                while not list(self.tmp.glob("bindsim-*/usr")) and time.monotonic() < deadline and process.poll() is None:
                    time.sleep(0.01)
                if process.poll() is not None:
                    self.skipTest("there is no libarchive")
                process.send_signal(number)
                process.wait(timeout=20)
            while list(self.tmp.iterdir()) and time.monotonic() < deadline:
                time.sleep(0.01)
            self.assertEqual(list(self.tmp.iterdir()), [], number)


if __name__ == "__main__":
    unittest.main()
