#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Evidence from debug information: what is told of two definitions that differ, and of their twins that do not."""

import json
import os
import random
import shutil
import subprocess
import unittest
from pathlib import Path

from harness import CommandLineTest, environment, made

CXX = os.environ.get("CXX", "g++")
OTHER_CXX = "clang++"
BUILT = "/where/it/was/built"  # what debug information has for the directory

SOURCE = """
namespace geo {
enum Color { RED, GREEN };
struct Named { int id; };
struct Other { int i; };
struct Shape : Named {
    int area;
    Color color;
    unsigned flag : 3, rest : 4;
    static constexpr int limit = 3;
    Shape *next;
    Shape();
    virtual void draw();
    virtual void move();
    int size() const;
};
Shape::Shape() {}
void Shape::draw() {}
void Shape::move() {}
int Shape::size() const { return area < limit; }
int counter = 1;
}
extern "C" int total(geo::Shape *s, int by) { return s->area * by; }
geo::Shape *global = nullptr;
extern "C" int use(geo::Shape *s) { s->draw(); return s->size() + total(s, 1) + geo::counter + (global != nullptr); }
"""

# What is written otherwise, and how that is told: first.so has the source as it is, second.so the change.
CASES = {
    "size": ("Shape *next;", "Shape *next; long more;",
             "geo::Shape is 40 bytes in second.so and 32 bytes in first.so"),
    "order": ("int area;\n    Color color;", "Color color;\n    int area;", "member color of geo::Shape: offset 12 / 16"),
    "member": ("Color color;", "Color colour;", "member colour of geo::Shape: in second.so only"),
    "type": ("int area;", "float area;", "member area of geo::Shape: float / int"),
    "bits": ("flag : 3, rest : 4", "flag : 2, rest : 5", "bit field flag of geo::Shape: bit 160, 2 wide / bit 160, 3 wide"),
    "base": ("struct Shape : Named", "struct Shape : Other", "bases of geo::Shape: geo::Other / geo::Named"),
    "base layout": ("struct Named { int id; }", "struct Named { unsigned id; }",
                    "member id of geo::Named: unsigned int / int"),
    "slot": ("virtual void draw();\n    virtual void move();", "virtual void move();\n    virtual void draw();",
             "virtual function move of geo::Shape: slot 0 / 1"),
    "virtual": ("virtual void move();", "virtual void move(); virtual void more() {}",
                "virtual function more of geo::Shape: in second.so only"),
    "enumerator": ("RED, GREEN", "GREEN, RED", "enumerator GREEN of geo::Color: 0 / 1"),
    "constant": ("limit = 3", "limit = 4", "constant limit of geo::Shape: 4 / 3"),
    "parameter": ("int total(geo::Shape *s, int by)", "int total(geo::Shape *s, long by)", "parameter 2: long int / int"),
    "parameters": ("int total(geo::Shape *s, int by) {", "int total(geo::Shape *s) { int by = 2;", "number of parameters: 1 / 2"),
    "return": ("int total(", "long total(", "return type: long int / int"),
    "variable": ("int counter = 1;", "short counter = 1;", "type: short int / int"),
}
CALLS = {"parameters": ("total(s, 1)", "total(s)")}


def compiles(compiler: str) -> bool:
    return shutil.which(compiler) is not None


@unittest.skipUnless(compiles(CXX), f"the tests need {CXX}")
class ProofTest(CommandLineTest):
    """A program that opens first.so for all, then second.so, which has definitions of the same names."""

    def setUp(self):
        super().setUp()
        self.program()

    def compile(self, name, source=SOURCE, *options, compiler=CXX):
        text = self.file(f"{Path(name).stem}.cc", source)
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        command = [compiler, "-g", "-shared", "-fPIC", "-nostdlib", "-fno-rtti", "-fno-exceptions",
                   "-fno-stack-protector", "-fno-asynchronous-unwind-tables", text.name, *options]
        if any(option == "-gsplit-dwarf" or os.path.exists(self.directory / option) for option in options):
            self.tool(*command, "-o", str(path))  # another file is read or written
        else:
            made.once([*command, BUILT, source], path, lambda: self.tool(*command, f"-ffile-prefix-map={self.directory}={BUILT}", "-o", str(path)))
        return path

    def tool(self, *command):
        subprocess.run(command, cwd=self.directory, check=True)

    PLAN = ("./app", "--dlopen=./first.so:GLOBAL", "--dlopen=./second.so")

    def finding(self, *options, plan=PLAN, **more):
        """What is found out about captured-references."""
        answer = self.bindsim("--format=json", "--show=findings", *options, *plan, **more)
        self.assertEqual(answer.status, 0, answer)
        found = [f for f in json.loads(answer.out)["findings"] if f["rule"] == "captured-references"]
        self.assertEqual(len(found), 1)
        return found[0]

    def verdict(self, *options, **more):
        return self.finding("--proof=all", *options, **more)["proof"]["verdict"]

    def lines(self, *options, **more):
        """The text report's lines about the proof, without their labels."""
        out = self.bindsim(*options, *self.PLAN, **more).out.splitlines()
        proof = [line[15:] for line in out if line.startswith(("   proof  ", "   defined  "))]
        self.assertTrue(proof, out)
        return proof

    def unknown(self, *options, **more):
        """Why nothing is known of the definitions of first.so."""
        proof = self.finding("--proof=all", *options, **more)["proof"]
        return {symbol["definitions"][1]["unknown"] for symbol in proof["symbols"]}


class DifferenceTest(ProofTest):
    """Each of CASES, and its twin: the changed source on both sides, from two compilers where there are two."""

    def changed(self, case):
        before, after, words = CASES[case]
        self.assertIn(before, SOURCE)
        source = SOURCE.replace(before, after)
        if case in CALLS:
            source = source.replace(*CALLS[case])
        return source, words

    def test_differences(self):
        self.compile("plain.so")
        for case in CASES:
            with self.subTest(case):
                source, words = self.changed(case)
                self.compile("second.so", source)
                shutil.copy(self.directory / "plain.so", self.directory / "first.so")
                self.assertIn(f"violates the one definition rule: {words}", self.lines("--proof=all"))
                self.compile("first.so", source, "-O1", compiler=OTHER_CXX if compiles(OTHER_CXX) else CXX)
                proof = self.finding("--proof=all")["proof"]
                self.assertEqual((proof["verdict"], proof["differ"], proof["looked"]), ("same", 0, proof["compared"]))

    def test_places(self):
        self.compile("first.so")
        self.compile("second.so", "\n" + SOURCE.replace("int area;", "long area;"))
        symbol = self.finding("--proof=all")["proof"]["symbols"][0]
        self.assertEqual(symbol["symbol"], "_ZN3geo5Shape4drawEv")
        second, first = symbol["definitions"]
        line = SOURCE[:SOURCE.index("void Shape::draw")].count("\n") + 1
        self.assertEqual((first["file"], first["line"]), ("first.cc", line))
        self.assertEqual((second["file"], second["line"]), ("second.cc", line + 1))
        for side in (first, second):
            self.assertEqual(side["directory"], BUILT)
            self.assertRegex(side["producer"], r"^\w[\w ]*C\+\+\d+ [\d.]+$|clang version")
            self.assertIsNone(side["unknown"])
        self.assertRegex(self.lines("--proof=all")[1],
                         r"^second\.so: second\.cc:\d+ \(.*, built in " + BUILT + r"\)$")

    def test_what_does_not_count(self):
        """Names of parameters, typedefs, qualifiers, what is behind void *, and types that are only declared."""
        source = """
            struct Hidden; typedef int number;
            extern "C" int one(%s) { return 1; }
            extern "C" int two(Hidden *h) { return h != nullptr; }
            extern "C" int three(void (*callback)(Hidden *, %s)) { callback(nullptr, 1); return 3; }
            extern "C" int use() { return one(0, 0, 0) + two(nullptr) + three(nullptr); }"""
        self.compile("first.so", source % ("int a, const char *b, void *c", "int"))
        self.compile("second.so", source % ("const number x, char *const y, int *z", "number"))
        self.assertEqual(self.verdict(), "same")
        self.compile("second.so", source % ("int a, const char *b, void *c", "long"))
        self.assertIn("violates the one definition rule: parameter 1: long int / int", self.lines("--proof=all"))

    def test_what_has_no_name_of_its_own(self):
        source = """
            typedef struct { int a; %s b; union { int c; float d; }; } thing;
            extern "C" { thing one; thing *two, *three; void *table[] = { &one, &two, &three }; }"""
        self.compile("first.so", source % "char")
        self.compile("second.so", source % "char", "-O2")
        self.assertEqual(self.verdict(), "same")
        self.compile("second.so", source % "short")
        self.assertIn("violates the one definition rule: member b of thing: short int / char", self.lines("--proof=all"))
        self.compile("second.so", source % "char", "-funsigned-char")
        self.assertIn("violates the one definition rule: member b of thing: char (unsigned, size 1) / char (signed, size 1)",
                      self.lines("--proof=all"))

    def test_values_of_constants(self):
        source = """
            enum Color { RED, GREEN = 7 };
            extern const int limit = %s; extern const Color color = GREEN; extern const double ratio = 0.5; int written = %s;
            const void *table[] = { &limit, &color, &ratio, &written };"""
        self.compile("first.so", source % (3, 1))
        self.compile("second.so", source % (3, 2))
        self.assertEqual(self.verdict(), "same")
        self.compile("second.so", source % (-4, 1))
        self.assertIn("violates the one definition rule: value: -4 / 3", self.lines("--proof=all"))

    def test_types_that_lead_back(self):
        source = """
            struct B; struct A { B *b; A *a; A *many[3]; void (*call)(A *, B *); }; struct B { A a[2]; %s n; };
            extern "C" int one(A *a) { return a != nullptr; } extern "C" int two(B *b) { return b->n; }
            extern "C" int use() { return one(nullptr) + two(nullptr); }"""
        self.compile("first.so", source % "int")
        second = source.replace("a != nullptr", "a == nullptr")
        self.compile("second.so", second % "int")
        self.assertEqual(self.verdict(), "same")
        self.compile("second.so", second % "unsigned")
        self.assertIn("violates the one definition rule: member n of B: unsigned int / int", self.lines("--proof=all"))


class FormatTest(ProofTest):
    """The ways in which debug information is written and where it is."""

    OTHER = SOURCE.replace("Color color;", "Color color; long more;")
    SIZES = "geo::Shape is 48 bytes in second.so and 32 bytes in first.so"

    def check(self, *options, compiler=CXX):
        self.compile("first.so", SOURCE, *options, compiler=compiler)
        self.compile("second.so", self.OTHER, *options, compiler=compiler)
        proof = self.finding("--proof=all")["proof"]
        self.assertEqual((proof["verdict"], proof["looked"]), ("differ", proof["compared"]))
        self.assertIn(f"violates the one definition rule: {self.SIZES}", self.lines("--proof=all"))
        self.compile("second.so", SOURCE)
        self.assertEqual(self.verdict(), "same")

    def test_versions(self):
        for compiler in filter(compiles, (CXX, OTHER_CXX)):
            for version in ("-gdwarf-3", "-gdwarf-4", "-gdwarf-5"):
                with self.subTest(compiler=compiler, version=version):
                    self.check(version, compiler=compiler)

    def test_compressed(self):
        for kind in ("-gz=zlib", "-gz=zlib-gnu"):
            with self.subTest(kind):
                self.check(kind)

    def test_types_apart(self):
        for version in ("-gdwarf-4", "-gdwarf-5"):
            with self.subTest(version):
                self.check(version, "-fdebug-types-section")

    LIBRARY = """
        #include <string>
        #include <vector>
        #include <memory>
        namespace app {
        enum class Mode : unsigned char { low = 0, high = 255 };
        enum Sign { minus = -1, far = -200 };
        struct Root { int v; virtual ~Root() {} };
        struct Left : virtual Root { int l; };
        struct Right : virtual Root { int r; };
        struct Part { virtual ~Part() = default; virtual int go(int) = 0; virtual void other(const std::string &) {} };
        struct Whole : Left, Right {
            static constexpr double pi = 3.14;
            static constexpr unsigned long top = 1ul << 63;
            static const int seven = -7;
            union { int a; float b; };
            struct { int x; } s;
            Mode mode : 8; bool flag : 1;
            std::vector<std::string> names;
            std::unique_ptr<Part> part;
            int (Whole::*pointer)(Mode, Sign);
            Whole(); ~Whole(); void run(Mode, Sign); virtual void more();
        };
        template <class T, int N> struct Row { T a[N]; T &at(int i); };
        template <class T, int N> T &Row<T, N>::at(int i) { return a[i]; }
        template struct Row<long, 3>;
        Whole::Whole() {} Whole::~Whole() {} void Whole::more() {} void Whole::run(Mode m, Sign) { mode = m; }
        long mix(char c, wchar_t w, char16_t u, bool b, long double, const int &r, int &&, decltype(nullptr), ...) { return c + w + u + b + r; }
        std::string name(const std::vector<std::string> &v) { return v[0]; }
        extern "C" int use() { Whole w; w.run(Mode::high, far); Row<long, 3> r; return name(w.names).size() + r.at(1) + mix('a', L'b', u'c', true, 1, 2, 3, nullptr); }
        }"""

    @unittest.skipUnless(compiles(OTHER_CXX), f"{OTHER_CXX} is not there")
    def test_two_compilers(self):
        """What they tell differently of one type is no difference."""
        for name, compiler, *options in (("first.so", CXX), ("second.so", OTHER_CXX, "-gdwarf-5", "-fdebug-types-section")):
            self.file("library.cc", self.LIBRARY)
            self.tool(compiler, "-std=c++17", "-g", "-shared", "-fPIC", *options, "-o", name, "library.cc")
        plan = ("--proof=all", *self.PLAN)
        out = self.bindsim("--format=json", *plan).out
        proofs = [f["proof"] for f in json.loads(out)["findings"] if f["proof"]]
        if not proofs:
            self.skipTest("no C++ library to load")
        self.assertEqual([p["differ"] for p in proofs], [0] * len(proofs), proofs)
        self.assertGreater(max(p["compared"] for p in proofs), 20)

    def foreign(self, target, linker, interpreter, *options):
        """A root with a program and two objects of another machine."""
        root = self.directory / "root"
        for name, source in (("app", 'extern "C" void _start() {}'), ("first.so", SOURCE), ("second.so", self.OTHER)):
            self.file(f"{name}.cc", source)
            self.tool(OTHER_CXX, f"--target={target}", "-g", "-fPIC", "-fno-rtti", "-fno-exceptions", "-ffreestanding", *options,
                      "-c", "-o", f"{name}.o", f"{name}.cc")
        (root / interpreter[1:]).parent.mkdir(parents=True)
        for name in ("first.so", "second.so"):
            self.tool(linker, "-shared", "-o", f"root/{name}", f"{name}.o")
        self.tool(linker, "-shared", "-o", f"root{interpreter}", "app.o")
        self.tool(linker, "-pie", "-dynamic-linker", interpreter, "-o", "root/app", "app.o")
        return {"plan": self.INSIDE}

    def check_foreign(self, *machine):
        inside = self.foreign(*machine)
        proof = self.finding("--root=root", "--proof=all", **inside)["proof"]
        self.assertEqual((proof["verdict"], proof["looked"]), ("differ", proof["compared"]))
        self.assertEqual(proof["symbols"][0]["difference"]["kind"], "size")
        shutil.copy(self.directory / "root/first.so", self.directory / "root/second.so")
        self.assertEqual(self.verdict("--root=root", **inside), "same")

    @unittest.skipUnless(compiles(OTHER_CXX) and compiles("ld.lld"), "no compiler for another machine")
    def test_thumb(self):
        """The lowest bit of a function's address says how its code is written."""
        self.check_foreign("armv7-linux-gnueabihf", "ld.lld", "/lib/ld-linux-armhf.so.3", "-mthumb")

    @unittest.skipUnless(compiles(OTHER_CXX) and compiles("s390x-linux-gnu-ld"), "no compiler for another byte order")
    def test_another_byte_order(self):
        for version in ("-gdwarf-3", "-gdwarf-5"):
            with self.subTest(version):
                shutil.rmtree(self.directory / "root", ignore_errors=True)
                self.check_foreign("s390x-linux-gnu", "s390x-linux-gnu-ld", "/lib/ld64.so.1", version)

    def strip(self, name, debug, *links):
        """Moves what NAME has to the file DEBUG."""
        (self.directory / debug).parent.mkdir(parents=True, exist_ok=True)
        self.tool("objcopy", "--only-keep-debug", name, debug)
        self.tool("objcopy", "--strip-debug", *links, name)

    def test_a_link_to_a_separate_file(self):
        self.compile("first.so", SOURCE, "-Wl,--build-id=none")
        self.compile("second.so", self.OTHER, "-Wl,--build-id=none")
        self.strip("first.so", "first.debug")
        self.tool("objcopy", "--add-gnu-debuglink=first.debug", "first.so")
        self.assertEqual(self.verdict(), "differ")
        (self.directory / ".debug").mkdir()
        (self.directory / "first.debug").rename(self.directory / ".debug/first.debug")
        self.assertEqual(self.verdict(), "differ")
        found = self.finding("--proof=all")["proof"]["symbols"][0]["definitions"][1]
        self.assertEqual(found["debug_file"], f"{self.directory}/.debug/first.debug")
        # A file that was changed since is not the one.
        with open(self.directory / ".debug/first.debug", "ab") as file:
            file.write(b"\0")
        self.assertEqual(self.unknown(), {"no-debug-information"})
        self.assertIn("no debug information in first.so", self.lines("--proof=all"))

    def root(self):
        """A root with the program and both objects, without debug information; the files that have it."""
        for name, source in (("first.so", SOURCE), ("second.so", self.OTHER)):
            self.compile(name, source, "-Wl,--build-id=sha1")
        root = self.directory / "root"
        (root / "lib64").mkdir(parents=True)
        for name in ("app", "first.so", "second.so"):
            (self.directory / name).rename(root / name)
        shutil.copy("/lib64/ld-linux-x86-64.so.2", root / "lib64")
        return root

    INSIDE = ("/app", "--dlopen=/first.so:GLOBAL", "--dlopen=/second.so")

    def build_id(self, path):
        out = subprocess.run(["readelf", "-n", path], stdout=subprocess.PIPE, text=True, check=True).stdout
        return out.partition("Build ID: ")[2].split()[0]

    def test_build_ids_below_a_root(self):
        root = self.root()
        for name in ("first.so", "second.so"):
            number = self.build_id(root / name)
            self.strip(f"root/{name}", f"root/usr/lib/debug/.build-id/{number[:2]}/{number[2:]}.debug")
        inside = {"plan": self.INSIDE}
        self.assertEqual(self.verdict("--root=root", **inside), "differ")
        # Nothing is read outside of it, whatever a link says.
        moved = self.directory / "outside"
        (root / "usr/lib/debug").rename(moved)
        self.assertEqual(self.unknown("--root=root", **inside), {"no-debug-information"})
        (root / "usr/lib/debug").symlink_to(moved)
        self.assertEqual(self.unknown("--root=root", **inside), {"no-debug-information"})

    def test_another_build(self):
        root = self.root()
        number = self.build_id(root / "first.so")
        self.strip("root/first.so", "root/lost.debug")
        other = self.build_id(root / "second.so")
        wrong = f"root/usr/lib/debug/.build-id/{number[:2]}/{number[2:]}.debug"
        self.strip("root/second.so", f"root/usr/lib/debug/.build-id/{other[:2]}/{other[2:]}.debug")
        (self.directory / wrong).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / f"usr/lib/debug/.build-id/{other[:2]}/{other[2:]}.debug", self.directory / wrong)
        self.assertEqual(self.unknown("--root=root", plan=self.INSIDE), {"no-debug-information"})

    @unittest.skipUnless(compiles("dwz"), "dwz is not there")
    def test_what_two_files_share(self):
        self.compile("first.so", SOURCE, "-Wl,--build-id=sha1", "-gdwarf-4")
        self.compile("second.so", self.OTHER, "-Wl,--build-id=sha1", "-gdwarf-4")
        # dwz has nothing to share in files this small unless it is told that all are worth it.
        for i in range(3):
            shutil.copy(self.directory / "first.so", self.directory / f"copy{i}.so")
        self.tool("dwz", "-m", "shared.debug", "-M", f"{self.directory}/shared.debug",
                  "first.so", "second.so", *(f"copy{i}.so" for i in range(3)))
        sections = subprocess.run(["readelf", "-SW", "first.so"], cwd=self.directory, stdout=subprocess.PIPE, text=True,
                                  check=True).stdout
        self.assertIn(".gnu_debugaltlink", sections)
        self.assertEqual(self.verdict(), "differ")
        self.assertIn(f"violates the one definition rule: {self.SIZES}", self.lines("--proof=all"))
        (self.directory / "shared.debug").rename(self.directory / "lost")
        self.assertEqual(self.unknown(), {"no-shared-file"})
        shutil.copy(self.directory / "first.so", self.directory / "shared.debug")
        self.assertEqual(self.unknown(), {"no-shared-file"})

    @unittest.skipUnless(compiles("xz"), "xz is not there")
    def test_names_only(self):
        self.compile("first.so")
        self.compile("second.so", self.OTHER)
        self.tool("objcopy", "-S", "--keep-symbol=total", "first.so", "names")
        self.tool("xz", "names")
        self.tool("objcopy", "--strip-debug", "--add-section=.gnu_debugdata=names.xz", "first.so")
        self.assertEqual(self.unknown(), {"names-only"})
        self.assertIn("no debug information in first.so: its MiniDebugInfo has names only", self.lines("--proof=all"))

    def test_split_off(self):
        self.compile("first.so", SOURCE, "-gsplit-dwarf")
        self.compile("second.so", self.OTHER)
        self.assertEqual(self.unknown(), {"split"})

    def test_none_at_all(self):
        self.compile("first.so", SOURCE, "-g0", "-Wl,--build-id=sha1")
        self.compile("second.so", self.OTHER, "-g0", "-Wl,--build-id=sha1")
        proof = self.finding("--proof=all")["proof"]
        self.assertEqual((proof["verdict"], proof["compared"], proof["same_build"]), ("unknown", 0, False))
        self.assertEqual(self.unknown(), {"no-debug-information"})
        self.assertEqual(self.lines(), ["no debug information in second.so and first.so"])
        shutil.copy(self.directory / "first.so", self.directory / "second.so")
        proof = self.finding("--proof=all")["proof"]
        self.assertEqual((proof["verdict"], proof["same_size"], proof["same_build"]), ("unknown", proof["looked"], True))

    def damage(self, number, whole):
        """Bytes of the debug sections of WHOLE that are others, or a section that is cut."""
        chance = random.Random(number)
        debug = bytearray(whole)
        sections = subprocess.run(["readelf", "-SW", "whole.so"], cwd=self.directory, stdout=subprocess.PIPE, text=True,
                                  check=True).stdout
        for line in sections.splitlines():
            words = line.partition("]")[2].split()
            if not words or not words[0].startswith(".debug_"):
                continue
            start, size = int(words[3], 16), int(words[4], 16)
            for _ in range(chance.choice((0, 1, 4, 30))):
                debug[start + chance.randrange(size)] = chance.choice((0, 1, 0x7f, 0x80, 0xff, chance.randrange(256)))
        return bytes(debug)

    def test_damaged(self):
        whole = self.compile("whole.so").read_bytes()
        self.compile("second.so", self.OTHER)
        for number in range(12):
            with self.subTest(number):
                self.file("first.so", self.damage(number, whole), 0o755)
                answer = self.bindsim("--proof=all", *self.PLAN)
                self.assertEqual((answer.status, answer.err), (0, ""))

    def test_what_claims_to_be_large(self):
        self.compile("first.so", SOURCE, "-gz=zlib")
        self.compile("second.so", self.OTHER)
        sections = subprocess.run(["readelf", "-SW", "first.so"], cwd=self.directory, stdout=subprocess.PIPE, text=True,
                                  check=True).stdout
        words = next(line for line in sections.splitlines() if " .debug_info " in line).partition("]")[2].split()
        whole = bytearray((self.directory / "first.so").read_bytes())
        size = int(words[3], 16) + 8  # ch_size
        whole[size:size + 8] = (1 << 40).to_bytes(8, "little")
        self.file("first.so", bytes(whole), 0o755)
        self.assertEqual(self.unknown(), {"too-much"})

    def test_no_types(self):
        """-g1 has functions and variables without their types: nothing can be said of these."""
        self.compile("first.so", SOURCE, "-g1")
        self.compile("second.so", self.OTHER)
        proof = self.finding("--proof=all")["proof"]
        self.assertEqual((proof["verdict"], proof["compared"]), ("unknown", 0))
        self.assertIn("no-types", self.unknown())
        self.assertLessEqual(self.unknown(), {"no-types", "not-found"})

    def test_cut(self):
        whole = self.compile("first.so").read_bytes()
        self.compile("second.so", self.OTHER)
        for part in (0.3, 0.5, 0.9):
            with self.subTest(part):
                self.file("cut.debug", whole[:int(len(whole) * part)])
                self.file("whole.so", whole)
                self.tool("objcopy", "--strip-debug", "--add-gnu-debuglink=cut.debug", "whole.so", "first.so")
                self.assertEqual(self.bindsim("--proof=all", *self.PLAN).status, 0)


class LevelTest(ProofTest):
    """What follows for the level, the exit status and what is asked."""

    def level(self, *options):
        return self.finding(*options)["level"]

    def test_differ(self):
        source = "int a = 1, b = 2; int *use() { return &a + b; }"
        self.compile("first.so", source.replace("int a = 1, b = 2; int *use() { return &a", "long a = 1, b = 2; long *use() { return &a"))
        self.compile("second.so", source)
        self.assertEqual([self.level(), self.level("--proof=none"), self.level("--proof=all")], ["warning", "warning", "error"])
        plan = ("--fail-on=error", *self.PLAN)
        self.assertEqual([self.bindsim(*options, *plan).status for options in ((), ("--proof=none",), ("--proof=all",))], [0, 0, 1])
        self.assertEqual(self.bindsim("-q", "--proof=all", *plan).status, 1)
        self.assertIn("by this proof the level is error, not warning", self.bindsim("--proof=all", *self.PLAN).out)

    DATA = "int a = 1, b = 2; int *use() { return &a + b; }"

    def test_same(self):
        self.compile("first.so", self.DATA)
        self.compile("second.so", self.DATA)
        self.assertEqual([self.level(), self.level("--proof=none"), self.level("--proof=all")], ["warning", "warning", "note"])
        plan = ("--fail-on=warning", *self.PLAN)
        self.assertEqual([self.bindsim(*options, *plan).status for options in ((), ("--proof=none",), ("--proof=all",))], [1, 1, 0])

    def test_same_but_for_the_instructions(self):
        self.compile("first.so")
        self.compile("second.so", SOURCE, "-O2")
        self.assertEqual([self.level(), self.level("--proof=all")], ["error", "error"])
        self.assertEqual(self.finding("--proof=all")["proof"]["verdict"], "same")

    def test_one_that_is_not_known(self):
        """All but one are the same: the finding stays where it is."""
        self.compile("first.so")
        self.file("extra.s", '.globl extra\n.type extra, @function\nextra: ret\n.size extra, 1\n.section .note.GNU-stack\n')
        source = SOURCE + 'extern "C" int extra(int); void *more() { return (void *)extra; }'
        for debug in ("-g0", "-g"):
            with self.subTest(debug):
                self.tool(CXX, debug, "-c", "-o", "extra.o", "extra.s")
                self.compile("second.so", source, "extra.o")
                self.compile("first.so", source + 'extern "C" int extra(int i) { return i; }')
                proof = self.finding("--proof=all")["proof"]
                self.assertEqual((proof["verdict"], proof["looked"] - proof["compared"]), ("same", 1))
                self.assertEqual(self.level("--proof=all"), "error")

    def test_auto_is_apart(self):
        """Nothing but the proof itself depends on what is installed."""
        self.compile("first.so")
        self.compile("second.so", SOURCE.replace("int area", "long area"))
        with_it, without = self.finding(), self.finding("--proof=none")
        self.assertEqual(with_it.pop("proof")["verdict"], "differ")
        self.assertIsNone(without.pop("proof"))
        self.assertEqual(with_it, without)
        for name in ("first.so", "second.so"):
            self.tool("strip", "-g", name)
        stripped = self.finding()
        stripped.pop("proof")
        self.assertEqual(with_it, stripped)

    def test_auto_is_bounded(self):
        source = "".join(f'extern "C" int f{i}() {{ return {i}; }}\n' for i in range(30))
        source += 'extern "C" int use() { return ' + "+".join(f"f{i}()" for i in range(30)) + "; }"
        self.compile("first.so", source)
        self.compile("second.so", source)
        self.assertEqual(self.finding()["proof"]["looked"], 5)
        self.assertEqual(self.finding("--proof=all")["proof"]["looked"], 30)
        self.assertIn("the definitions are the same in signature and layout (5 of 30 compared)", self.lines())

    def test_a_library_that_was_passed_by(self):
        """Of captured-dependency it is the needed library's definition that counts."""
        source = 'extern "C" int a() { return 1; } extern "C" int b() { return 2; } extern "C" int c() { return 3; }'
        self.compile("needed.so", source, "-Wl,-soname,needed.so")
        self.compile("first.so", source.replace("int b", "long b"))
        self.compile("second.so", 'extern "C" int a(), b(), c(); extern "C" int use() { return a() + b() + c(); }',
                     "./needed.so", "-Wl,-rpath,$ORIGIN")
        answer = self.bindsim("--format=json", *self.PLAN)
        found = next(f for f in json.loads(answer.out)["findings"] if f["rule"] == "captured-dependency")
        self.assertEqual((found["proof"]["verdict"], found["proof"]["compared"]), ("differ", 3))
        self.assertIn("violates the one definition rule: return type: int / long int", self.lines())

    def test_a_copy_relocation(self):
        """The executable has no definition of what it holds, only a declaration."""
        self.compile("libdata.so", "long data[4] = { 1 };", "-Wl,-soname,libdata.so")
        self.compile("libold.so", "int data[4] = { 1 };", "-Wl,-soname,libdata.so")
        self.file("main.cc", 'extern int data[4]; extern "C" void _start() { data[0] = 2; }')
        self.tool(CXX, "-g", "-nostdlib", "-no-pie", "-fno-pie", "-o", "copies", "main.cc", "./libold.so", "-Wl,-rpath,$ORIGIN")
        answer = self.bindsim("--format=json", "./copies")
        found = next(f for f in json.loads(answer.out)["findings"] if f["rule"] == "definitions-differ")
        self.assertEqual(found["proof"]["verdict"], "differ")
        self.assertIn("type: int[4] / long int[4]", self.bindsim("./copies").out)

    def test_notes_are_left_alone(self):
        self.compile("first.so", 'extern "C" int a() { return 1; }')
        self.compile("second.so", 'extern "C" int a() { return 1; } extern "C" int use() { return a(); }')
        found = self.finding("--proof=all")
        self.assertEqual((found["level"], found["proof"]), ("note", None))

    def test_without_libdw(self):
        self.compile("first.so")
        self.compile("second.so")
        self.file("hidden/libdw.so.1", "no library")
        hidden = environment(LD_LIBRARY_PATH=str(self.directory / "hidden"))
        answer = self.bindsim(*self.PLAN, env=hidden)
        self.assertEqual(answer.status, 0)
        self.assertEqual(len(answer.err.splitlines()), 1)
        self.assertTrue(answer.err.startswith("bindsim: libdw.so.1 cannot be opened: "), answer.err)
        self.assertIn("no libdw to read debug information with", answer.out)
        self.assertEqual(self.bindsim("--proof=none", *self.PLAN, env=hidden).err, "")

    def test_a_word_that_is_none(self):
        self.assert_trouble(self.bindsim("--proof=some", "./app"), "--proof", "auto, all or none")


if __name__ == "__main__":
    unittest.main()
