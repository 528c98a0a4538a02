#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Notes in which objects say what they may dlopen: --show=dlopen-notes and --follow-dlopen-notes."""

import json
import os
import shutil
import struct
import subprocess
import unittest

from harness import BINDSIM, HOOK, PROGRAM, CommandLineTest

ORIGIN = ("-Wl,-rpath,$ORIGIN", "-Wl,--enable-new-dtags")
TYPE = 0x407C0C0A
MUSL = "/lib/ld-musl-x86_64.so.1"


def entry(*sonames, **members):
    """One entry of a note."""
    return {"soname": list(sonames), **members}


def note(*texts, number=0):
    """C for notes with these TEXTS, each made JSON if it is none, in the shape that systemd's macro gives them."""
    lines = []
    for i, text in enumerate(texts, number):
        text = text if isinstance(text, str) else json.dumps(text)
        literal = '"' + "".join(f"\\{byte:03o}" for byte in text.encode("utf-8", "surrogateescape")) + '"'
        lines.append(f"""
            static const struct {{ struct {{ unsigned n_namesz, n_descsz, n_type; }} nhdr; char name[sizeof("FDO")];
                _Alignas(unsigned) char dlopen_json[sizeof({literal})]; }} note_{i}
                __attribute__((used, aligned(4), section(".note.dlopen"))) = {{
                .nhdr = {{ sizeof("FDO"), sizeof({literal}), {TYPE} }}, .name = "FDO", .dlopen_json = {literal} }};""")
    return "\n".join(lines)


def noting(*entries, source=""):
    """C for an object with one note that has these ENTRIES."""
    return note(list(entries)) + "\n" + source


class NotesTest(CommandLineTest):
    """What the classes below share."""

    def entries(self, *arguments, **options):
        """The entries as JSON has them, objects by their names."""
        answer = self.bindsim("--format=json", "--show=objects,dlopen-notes", *arguments, **options)
        document = json.loads(answer.out)
        names = [item["name"] for item in document["objects"]]
        for item in document["dlopen_notes"]:
            item["object"] = names[item["object"]]
            for soname in item["sonames"]:
                soname["object"] = None if soname["object"] is None else names[soname["object"]]
        return document["dlopen_notes"]

    def steps(self, *arguments, status=0, **options):
        """(caller, file, outcome) of the steps of a run."""
        answer = self.bindsim("--format=json", *arguments, **options)
        self.assertEqual(answer.status, status, answer.err)
        document = json.loads(answer.out)
        return [(asked["caller"], asked.get("file", asked["kind"]), done["state"])
                for asked, done in zip(document["question"]["steps"], document["steps"][1:])]


class ListTest(NotesTest):
    """What is listed."""

    def test_as_objcopy_takes_it_out(self):
        """bindsim has such notes itself: another reader finds the same in it."""
        if shutil.which("objcopy") is None:
            self.skipTest("there is no objcopy")
        raw = self.directory / "raw"
        subprocess.run(["objcopy", "-O", "binary", "--only-section=.note.dlopen", BINDSIM, raw], check=True)
        data, at, expected = raw.read_bytes(), 0, []
        while at < len(data):
            n_name, n_text, kind = struct.unpack_from("=III", data, at)
            self.assertEqual((data[at + 12:at + 12 + n_name], kind), (b"FDO\0", TYPE))
            expected += json.loads(data[at + 16:at + 16 + n_text].rstrip(b"\0"))
            at += 16 + (n_text + 3) // 4 * 4
        self.assertGreaterEqual(len(expected), 3)
        found = [{"soname": [name["soname"] for name in item["sonames"]],
                  **{key: item[key] for key in ("feature", "description", "priority")}}
                 for item in self.entries(BINDSIM) if item["object"] == BINDSIM]
        self.assertEqual(found, expected)

    def test_entries(self):
        """Several notes, several entries in one, members that are left out or not known."""
        self.program("app", PROGRAM + note(
            [entry("libone.so.1", "libone.so.0", feature="one", description="The first", priority="suggested"),
             entry("libtwo.so", unknown=[1, {}])],
            [], [entry("libthree.so", priority="required")]))
        found = self.entries("./app")
        self.assertEqual([(item["entry"], item["feature"], item["description"], item["priority"],
                           [name["soname"] for name in item["sonames"]], item["step"]) for item in found],
                         [(1, "one", "The first", "suggested", ["libone.so.1", "libone.so.0"], None),
                          (2, None, None, "recommended", ["libtwo.so"], None),
                          (3, None, None, "required", ["libthree.so"], None)])

    def test_what_names_lead_to(self):
        """Each object looks in its own directories; what is loaded is known by its soname."""
        self.object("inside/libnear.so")
        self.object("inside/libuser.so", noting(entry("libnear.so", "libloaded.so.1", "libuser.so", "libnowhere.so")), *ORIGIN)
        self.object("libloaded.so", HOOK, "-Wl,-soname,libloaded.so.1")
        self.program("app", PROGRAM + noting(entry("libnear.so", "./libloaded.so")))
        plan = ("./app", "--dlopen", "./inside/libuser.so", "--dlopen", "./libloaded.so")
        near = f"{self.directory}/./inside/libnear.so"
        self.assertEqual([(item["object"], [(name["state"], name["object"], name["path"], name["how"])
                                            for name in item["sonames"]]) for item in self.entries(*plan)],
                         [("./app", [("not-found", None, None, None), ("loaded", "./libloaded.so", None, None)]),
                          ("./inside/libuser.so", [("found", None, near, "runpath"),
                                                   ("loaded", "./libloaded.so", None, None),
                                                   ("loaded", "./inside/libuser.so", None, None),
                                                   ("not-found", None, None, None)])])
        # Without the second step only a path leads there.
        self.assertEqual([name["state"] for name in self.entries(*plan[:3])[0]["sonames"]], ["not-found", "found"])
        text = self.bindsim("--show=dlopen-notes", *plan).out
        self.assertIn(f"""
what objects say that they may open, at the end
  app
    recommended
      libnear.so      would not be found
      ./libloaded.so  loaded
  libuser.so
    recommended
      libnear.so      would be {near}, RUNPATH
""", text)

    def test_to_ask_changes_nothing(self):
        """What is looked for at the end leaves no trace in what is told."""
        self.object("libone.so")
        self.program("app", PROGRAM + noting(entry("./libone.so", "libnowhere.so", "./none/libone.so")))
        shown = "--show=objects,findings,searches,mapped"
        plain = json.loads(self.bindsim("--format=json", shown, "./app", "--dlopen", "./libone.so").out)
        noted = json.loads(self.bindsim("--format=json", shown + ",dlopen-notes", "./app", "--dlopen", "./libone.so").out)
        self.assertEqual(len(noted.pop("dlopen_notes")), 1)
        for document in (plain, noted):
            del document["parts"]
        self.assertEqual(plain, noted)

    def test_in_one_line(self):
        self.program("app", PROGRAM + noting(entry("libnowhere.so")))
        self.assertIn("\n  1 object says in notes what to dlopen (--show=dlopen-notes)\n", self.bindsim("./app").out)
        self.program("app", PROGRAM)
        self.assertNotIn("dlopen", self.bindsim("./app").out)

    def test_names_of_files_are_escaped(self):
        self.program("app", PROGRAM + noting(entry("lib\x1b]0;x\x07.so", feature="f\n\x1b", description="d\x7f")))
        for options in (("--show=dlopen-notes",), ("--follow-dlopen-notes=required",), ("--format=json",)):
            answer = self.bindsim(*options, "./app")
            self.assertNotRegex((answer.out + answer.err).replace("\n", ""), r"[\x00-\x1f\x7f]" if "--format=json" not in options else r"[\x00-\x1f]")


class MalformedTest(NotesTest):
    """A note that cannot be understood is told of; the rest counts."""

    BAD = (
        ("", "it is no JSON: "),
        ("[", "it is no JSON: "),
        ('[{"soname":["a"],"soname":["b"]}]', "it is no JSON: "),
        ("[{\"soname\":[\"\udc80\"]}]", "it is no JSON: "),
        ("[" * 5000, "it is no JSON: "),
        ("{}", "it is no array"),
        ("[1]", "entry 2: it is no object"),
        ("[{}]", "entry 2: soname is missing"),
        ('[{"soname":"liba.so"}]', "entry 2: soname is no array"),
        ('[{"soname":[]}]', "entry 2: soname is empty"),
        ('[{"soname":["liba.so",1]}]', "entry 2: soname has an item that is no string"),
        ('[{"soname":[""]}]', "entry 2: soname has an item that is empty"),
        ('[{"soname":["a"],"priority":"urgent"}]',
         "entry 2: priority is neither required, recommended nor suggested: urgent"),
        ('[{"soname":["a"],"priority":1}]', "entry 2: priority is no string"),
        ('[{"soname":["a"],"feature":null}]', "entry 2: feature is no string"),
        ('[{"soname":["a"],"description":[]}]', "entry 2: description is no string"),
    )

    def test_what_is_wrong_and_where(self):
        for text, words in self.BAD:
            with self.subTest(text[:60]):
                path = self.program("app", PROGRAM + note([entry("libone.so")]) + note(text, number=1) + note(
                    [entry("libtwo.so")], number=2))
                offset = path.read_bytes().index(b"libone.so") - len('[{"soname": ["') + (len('[{"soname": ["libone.so"]}]') + 1 + 3) // 4 * 4 + 16
                for options in (("--show=dlopen-notes",), ("--follow-dlopen-notes",), ("--format=json", "--follow-dlopen-notes",)):
                    answer = self.bindsim(*options, "./app")
                    self.assertEqual(answer.status, 0)
                    self.assertEqual(len(answer.err.splitlines()), 1, answer.err)
                    self.assertRegex(answer.err, rf"^bindsim: \./app: offset 0x{offset:x}: dlopen note(,|:) ")
                    self.assertIn(words, answer.err)
                document = json.loads(answer.out)
                self.assertEqual([item["code"] for item in document["diagnostics"]], ["malformed"])
                self.assertEqual([item["sonames"][0]["soname"] for item in document["dlopen_notes"]], ["libone.so", "libtwo.so"])

    def test_so_many_that_nobody_reads_them(self):
        """Each would be held against all complaints before it."""
        self.program("app", PROGRAM + note(*["x"] * 150))
        for options in (("--show=dlopen-notes",), ("--follow-dlopen-notes",)):
            answer = self.bindsim(*options, "./app")
            self.assertEqual(answer.status, 0)
            self.assertEqual(len(answer.err.splitlines()), 101)
            self.assertIn("so many are none that the others are not read", answer.err)

    def test_one_entry_of_three(self):
        self.program("app", PROGRAM + note([entry("libone.so"), entry("libtwo.so", priority="x"), entry("libthree.so")]))
        found = self.entries("./app")
        self.assertEqual([(item["entry"], item["sonames"][0]["soname"]) for item in found], [(1, "libone.so"), (3, "libthree.so")])

    def test_damaged_notes(self):
        """Lengths that lead elsewhere: told with their place, whatever is shown."""
        path = self.program("app", PROGRAM + note([entry("libone.so")]))
        data = bytearray(path.read_bytes())
        at = data.index(b"FDO\0")
        for n_text, words in ((0xFFFFFFFF, "reaches beyond segment"), (1 << 20, "reaches beyond segment"),
                              (5, "without a NUL at its end")):
            struct.pack_into("<I", data, at - 8, n_text)
            self.file("damaged", bytes(data), 0o755)
            answer = self.bindsim("./damaged")
            self.assertEqual(answer.status, 0)
            self.assertRegex(answer.err, rf"^bindsim: \./damaged: offset 0x{at + 4:x}: a dlopen note .*{words}")


class FollowTest(NotesTest):
    """Notes that become steps."""

    def test_levels(self):
        for name in ("one", "two", "three", "four"):
            self.object(f"lib{name}.so")
        self.program("app", PROGRAM + noting(
            entry("./libone.so", priority="suggested"), entry("./libtwo.so"),
            entry("./libthree.so", priority="required"), entry("./libfour.so", priority="recommended")))
        self.assertEqual(self.steps("./app"), [])
        for value, names in (("=required", ["three"]), ("=recommended", ["two", "three", "four"]),
                             ("", ["two", "three", "four"]), ("=suggested", ["one", "two", "three", "four"])):
            self.assertEqual(self.steps(f"--follow-dlopen-notes{value}", "./app"),
                             [(None, f"./lib{name}.so", "ok") for name in names])

    def test_levels_that_are_none(self):
        for value in ("", "Required", "none"):
            self.assert_trouble(self.bindsim(f"--follow-dlopen-notes={value}", "./app"), f"'{value}'",
                                "required, recommended or suggested is wanted")
        # The value never stands behind a blank: such a word is an executable.
        self.assert_trouble(self.bindsim("--follow-dlopen-notes", "required"), "required", "No such file")

    def test_until_nothing_new_comes(self):
        """Objects that steps bring have notes, too, and look in directories of their own."""
        self.object("b/libthree.so", noting(entry("./libone.so"), entry("libtwo.so")), *ORIGIN)
        self.object("b/libtwo.so", noting(entry("libthree.so")), *ORIGIN)
        self.object("libone.so", noting(entry("b/libtwo.so")))
        self.program("app", PROGRAM + noting(entry("./libone.so", feature="all")))
        three = f"{self.directory}/b/libthree.so"
        self.assertEqual(self.steps("--follow-dlopen-notes", "./app"),
                         [(None, "./libone.so", "ok"), ("./libone.so", "b/libtwo.so", "ok"),
                          ("b/libtwo.so", "libthree.so", "ok"), (three, "./libone.so", "ok"), (three, "libtwo.so", "ok")])

    def test_in_link_map_order_behind_the_plan(self):
        self.object("libplanned.so", noting(entry("./libnoted.so")))
        self.object("libneeded.so", noting(entry("./libnoted.so", "libx.so")))
        self.object("libnoted.so")
        self.program("app", PROGRAM + noting(entry("./libnoted.so")), "-Wl,--no-as-needed", "./libneeded.so", "-Wl,-rpath,$ORIGIN")
        self.assertEqual(self.steps("--follow-dlopen-notes", "./app", "--dlopen", "./libplanned.so"),
                         [(None, "./libplanned.so", "ok"), (None, "./libnoted.so", "ok"),
                          ("./libneeded.so", "./libnoted.so", "ok"), ("./libplanned.so", "./libnoted.so", "ok")])

    def test_the_first_that_can_be_opened(self):
        """Not found, refused by the search, refused when it is bound: the next one is tried."""
        self.object("libgood.so")
        self.object("libother.so")
        self.object("libundefined.so", "int nowhere(void); void *pointer = nowhere;")
        self.object("libincomplete.so", "int nothing;", "-Wl,--no-as-needed", "./libother.so")
        (self.directory / "libother.so").unlink()
        self.file("libtext.so", "no library\n")
        self.program("app", PROGRAM + noting(
            entry("libnowhere.so", "./libtext.so", "./libundefined.so", "./libincomplete.so", "./libgood.so", "./libnext.so")))
        self.assertEqual(self.steps("--follow-dlopen-notes", "./app"), [(None, "./libgood.so", "ok")])

    def test_what_cannot_be_opened(self):
        """It is no refusal unless it is required."""
        self.file("libtext.so", "no library\n")
        self.object("libgood.so")
        for priority in ("suggested", "recommended", "required"):
            self.program("app", PROGRAM + noting(entry("libnowhere.so", "libneither.so", priority=priority),
                                                 entry("libnowhere.so", "./libtext.so", "libneither.so", priority=priority),
                                                 entry("./libgood.so", priority=priority)))
            failing = [(None, "libnowhere.so", "failed"), (None, "libnowhere.so", "failed")]
            self.assertEqual(self.steps("--follow-dlopen-notes=suggested", "./app", status=priority == "required"),
                             [(None, "./libgood.so", "ok")] + (failing if priority == "required" else []))
        self.assert_refused(self.bindsim("--follow-dlopen-notes", "./app"), "step 2 failed: libnowhere.so: cannot open shared object file")

    def test_what_comes_later(self):
        """A name that leads nowhere may do so when others are loaded."""
        self.object("b/liblate.so", HOOK, "-Wl,-soname,liblate.so.1")
        self.object("libopens.so", noting(entry("b/liblate.so")))
        self.program("app", PROGRAM + noting(entry("liblate.so.1", priority="required"), entry("./libopens.so")))
        self.assertEqual(self.steps("--follow-dlopen-notes", "./app"),
                         [(None, "./libopens.so", "ok"), ("./libopens.so", "b/liblate.so", "ok"), (None, "liblate.so.1", "ok")])

    def test_what_is_said_twice(self):
        self.object("libone.so")
        self.program("app", PROGRAM + noting(entry("./libone.so", feature="a"), entry("./libone.so", feature="b"),
                                             entry("libnone.so"), entry("libnone.so", priority="required")))
        self.assertEqual(self.steps("--follow-dlopen-notes", "./app", status=1),
                         [(None, "./libone.so", "ok"), (None, "libnone.so", "failed")])

    def test_namespaces(self):
        """A caller in another namespace opens there."""
        self.object("libone.so")
        self.object("libuser.so", noting(entry("./libone.so")))
        self.program("app")
        plan = ("--follow-dlopen-notes", "./app", "--dlopen", "./libuser.so", "--dlmopen", "./libuser.so")
        self.assertEqual(self.steps(*plan)[2:], [("./libuser.so", "./libone.so", "ok"), ("./libuser.so[1]", "./libone.so", "ok")])
        mapped = self.bindsim("--format=ld-debug", "--show=mapped", *plan).out
        self.assertIn("mapped ./libone.so [1]", mapped)

    def test_closed_and_ended(self):
        self.object("libone.so")
        self.object("libuser.so", noting(entry("./libone.so")))
        self.program("app")
        self.assertEqual(len(self.steps("--follow-dlopen-notes", "./app", "--dlopen", "./libuser.so", "--dlclose", "1")), 2)
        self.object("libgone.so")
        self.program("broken", PROGRAM + noting(entry("./libone.so")), "-Wl,--no-as-needed", "./libgone.so")
        (self.directory / "libgone.so").unlink()
        self.assertEqual(self.steps("--follow-dlopen-notes", "./broken", status=1), [])

    def test_told_as_from_a_note(self):
        self.object("libone.so", noting(entry("./libtwo.so")))
        self.object("libtwo.so")
        self.program("app", PROGRAM + noting(entry("./libone.so", feature="archives"), entry("libnone.so")))
        text = self.bindsim("--follow-dlopen-notes", "./app").out
        self.assertRegex(text, r"(?m)^  1  dlopen \./libone\.so .* ok .*  note of app: archives$")
        self.assertRegex(text, r"(?m)^  2  dlopen \./libtwo\.so .* ok .*  note of libone\.so$")
        self.assertIn("\n  2 objects say in notes what to dlopen: 3 entries, 2 followed (--show=dlopen-notes)\n", text)
        self.assertIn("    recommended, archives (step 1)\n", self.bindsim("--follow-dlopen-notes", "--show=dlopen-notes", "./app").out)
        document = json.loads(self.bindsim("--format=json", "--follow-dlopen-notes", "./app").out)
        self.assertEqual([step["dlopen_note"] for step in document["question"]["steps"]],
                         [{"entry": 1, "feature": "archives"}, {"entry": 1, "feature": None}])
        self.assertEqual([item["step"] for item in document["dlopen_notes"]], [1, None, 2])

    def test_as_a_plan(self):
        """The plan that is written is the same question, with nothing of notes in it."""
        self.object("b/libtwo.so", HOOK, "-Wl,-soname,libtwo.so")
        self.object("b/libone.so", noting(entry("libtwo.so")), *ORIGIN)
        self.program("app", PROGRAM + noting(entry("b/libone.so")))
        written = self.bindsim("--follow-dlopen-notes", "--format=plan", "-o", "plan.json", "./app")
        self.assertEqual(written, (0, "", ""))
        self.assertEqual(json.loads((self.directory / "plan.json").read_text())["steps"],
                         [{"dlopen": "b/libone.so"}, {"dlopen": "libtwo.so", "caller": "b/libone.so"}])
        shown = ("--format=ld-debug", "--show=bindings,libs,mapped,slots")
        self.assertEqual(self.bindsim(*shown, "--plan", "plan.json"), self.bindsim(*shown, "--follow-dlopen-notes", "./app"))
        # With others, which come before.
        both = self.bindsim("--plan", "plan.json", "--follow-dlopen-notes", "--format=plan")
        self.assertEqual([step["dlopen"] for step in json.loads(both.out)["steps"]],
                         ["b/libone.so", "libtwo.so", "b/libone.so", "libtwo.so"])

    def test_an_executable_that_is_not_there(self):
        self.assert_trouble(self.bindsim("--follow-dlopen-notes", "--format=plan", "./gone"), "./gone")
        self.assert_trouble(self.bindsim("--follow-dlopen-notes", "./gone"), "./gone")

    def test_check(self):
        """A duplicate that only a note's step brings fails the check of each plan that brings it."""
        self.object("libfirst.so", "int one(void) { return 1; } int two(void) { return 2; } int three(void) { return one() + two(); }")
        self.object("libsecond.so", "int one(void) { return 3; } int two(void) { return 4; } int four(void) { return one() + two(); }")
        self.program("app", PROGRAM + noting(entry("./libsecond.so")), "-Wl,--no-as-needed", "./libfirst.so", "-Wl,-rpath,$ORIGIN")
        self.program("other", PROGRAM, "-Wl,--no-as-needed", "./libfirst.so", "-Wl,-rpath,$ORIGIN")
        self.file(".bindsim.ini", "[plan first]\nexecutable = ./app\n[plan second]\nexecutable = ./other\n"
                                  "[forbid]\nsymbol = one\n")
        self.assertEqual(self.bindsim("check").status, 0)
        answer = self.bindsim("check", "--follow-dlopen-notes")
        self.assert_refused(answer, "plan first: check failed")
        self.assertNotIn("plan second: check failed", answer.err)
        self.assertEqual(self.bindsim("check", "--follow-dlopen-notes=required").status, 0)

    def test_root(self):
        self.object("root/usr/lib/libone.so")
        self.program("root/bin/app", PROGRAM + noting(entry("/usr/lib/libone.so"), entry("libone.so")))
        (self.directory / "root/lib64").mkdir()
        shutil.copy("/lib64/ld-linux-x86-64.so.2", self.directory / "root/lib64")
        self.assertEqual(self.steps("--root=root", "--library-path=/usr/lib", "--follow-dlopen-notes", "/bin/app"),
                         [(None, "/usr/lib/libone.so", "ok"), (None, "libone.so", "ok")])

    def test_musl(self):
        """Whoever calls, it is the executable's RUNPATH that counts; the loader is a library of several names."""
        self.object("b/libone.so", noting(entry("libtwo.so", "libthree.so")), "-Wl,-rpath,$ORIGIN")
        self.object("b/libtwo.so")
        self.object("c/libthree.so")
        self.program("app", PROGRAM + noting(entry("b/libone.so"), entry("libc.so"), entry("libneither.so")),
                     "-Wl,-rpath,$ORIGIN/c")
        plan = ("--loader=musl", "./app")
        self.assertEqual([name["state"] for item in self.entries(*plan) for name in item["sonames"]],
                         ["found", "found", "not-found"])
        self.assertEqual([name["path"] for name in self.entries(*plan)[1]["sonames"]], [MUSL])
        self.assertEqual(self.steps("--follow-dlopen-notes", *plan),
                         [(None, "b/libone.so", "ok"), (None, "libc.so", "ok"), ("b/libone.so", "libthree.so", "ok")])

    def test_qnx(self):
        self.object("libone.so", noting(entry("./libtwo.so")))
        self.object("libtwo.so")
        self.program("app", PROGRAM + noting(entry("./libone.so"), entry("libnone.so")))
        self.assertEqual(self.steps("--loader=qnx", "--follow-dlopen-notes", "./app"),
                         [(None, "./libone.so", "ok"), ("./libone.so", "./libtwo.so", "ok")])

    def test_more_than_anybody_says(self):
        """There is a limit, which is told."""
        self.object("libone.so")
        names = [f"{'./' * i}libone.so" for i in range(1, 1101)]
        self.program("app", PROGRAM + noting(*map(entry, names)))
        answer = self.bindsim("--follow-dlopen-notes", "--format=plan", "./app")
        self.assertEqual(answer.err, "bindsim: the notes lead to more than 1000 steps: the others are left out\n")
        self.assertEqual(len(json.loads(answer.out)["steps"]), 1000)


if __name__ == "__main__":
    unittest.main()
