#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`bindsim record`: calls of dlopen and its kin, as they stand in the plan."""

import shutil
import unittest

import case
from case import RecordTest, only_here

CC_MUSL = shutil.which("musl-gcc")


class CallsTest(RecordTest):
    """One thread, no constructors."""

    def setUp(self) -> None:
        super().setUp()
        self.library("libhook.so", "int hook(void) { return 1; }")

    def test_flags(self):
        """By name where names say it all, else as the number they were."""
        modes = {"RTLD_LAZY": "LAZY", "RTLD_NOW|RTLD_GLOBAL": "NOW,GLOBAL", "RTLD_LAZY|RTLD_DEEPBIND": "LAZY,DEEPBIND",
                 "RTLD_NOW|RTLD_NOLOAD": "NOW,NOLOAD", "RTLD_NOW|RTLD_NODELETE": "NOW,NODELETE", "0": "0x0", "3": "0x3",
                 "0x80000002": "0x80000002", "RTLD_NOW|RTLD_GLOBAL|RTLD_DEEPBIND|RTLD_NODELETE": "NOW,GLOBAL,DEEPBIND,NODELETE"}
        self.executable("app", "int main(void) {" + "".join(f'dlopen("./libhook.so", {mode});' for mode in modes) + "}")
        steps = self.record("./app").steps
        self.assertEqual(steps, [{"dlopen": "./libhook.so", "flags": flags} for flags in modes.values()])

    def test_what_belongs_to_the_process(self):
        """Its arguments, directory, and what its loader reads of the environment."""
        self.executable("app", 'int main(void) { return 7; }')
        recorded = self.record("env", "-i", "LD_LIBRARY_PATH=/x", "LD_BIND_NOW=1", "OTHER=1", "./app", "a b", "", "c")
        self.assertEqual((recorded.status, recorded.plan["executable"], recorded.plan["arguments"], recorded.plan["cwd"],
                          recorded.plan["environment"], recorded.steps),
                         (7, "./app", ["a b", "", "c"], str(self.directory), {"LD_LIBRARY_PATH": "/x", "LD_BIND_NOW": "1"}, []))
        self.assertNotIn("argv0", recorded.plan)
        recorded = self.record("bash", "-c", "exec -a other ./app")
        self.assertEqual((recorded.plan["executable"], recorded.plan["argv0"]), (f"{self.directory}/app", "other"))

    def test_callers_and_symbols(self):
        """The object that calls, and what it gets a symbol of."""
        (self.directory / "sub").mkdir()
        shutil.copy(self.directory / "libhook.so", self.directory / "sub/libother.so")
        self.library("libcaller.so", 'void *f(void *h) { dlopen("libother.so", RTLD_NOW); dlsym(RTLD_NEXT, "hook");'
                     ' dlsym(h, "hook"); return dlvsym(RTLD_DEFAULT, "hook", "V1"); }', "-Wl,-rpath,$ORIGIN/sub,--enable-new-dtags")
        self.executable("app", """int main(void) {
            void *h = dlopen("./libhook.so", RTLD_NOW), *c = dlopen("./libcaller.so", RTLD_LAZY);
            void *(*f)(void *) = (void *(*)(void *))dlsym(c, "f");
            f(h);
            dlsym(dlopen(NULL, RTLD_NOW), "main");
            dlclose(h);
            return 0; }""")
        caller = {"caller": "./libcaller.so"}
        self.assertEqual(self.record("./app").steps, [
            {"dlopen": "./libhook.so", "flags": "NOW"}, {"dlopen": "./libcaller.so", "flags": "LAZY"},
            {"dlsym": "f", "handle": 2}, {"dlopen": "libother.so", "flags": "NOW", **caller},
            {"dlsym": "hook", "handle": "next", **caller}, {"dlsym": "hook", "handle": 1, **caller},
            {"dlsym": "hook", "version": "V1", **caller}, {"dlopen": "", "flags": "NOW"}, {"dlsym": "main", "handle": 8},
            {"dlclose": 1}])
        self.assert_same_bindings("./app")

    def test_handles(self):
        """The last step that returned it and is open."""
        self.executable("app", """int main(void) {
            void *a = dlopen("./libhook.so", RTLD_NOW), *b = dlopen("./libhook.so", RTLD_LAZY);
            dlclose(a); dlsym(b, "hook"); dlclose(b);
            a = dlopen("./libhook.so", RTLD_NOW); dlsym(a, "hook");
            dlopen("./absent.so", RTLD_NOW); dlclose(a); return 0; }""")
        self.assertEqual(self.record("./app").steps, [
            {"dlopen": "./libhook.so", "flags": "NOW"}, {"dlopen": "./libhook.so", "flags": "LAZY"}, {"dlclose": 2},
            {"dlsym": "hook", "handle": 1}, {"dlclose": 1}, {"dlopen": "./libhook.so", "flags": "NOW"},
            {"dlsym": "hook", "handle": 6}, {"dlopen": "./absent.so", "flags": "NOW"}, {"dlclose": 6}])

    def test_a_handle_that_no_call_returned(self):
        """It is said, and the call is left out."""
        self.executable("app", """#include <link.h>
            int main(void) { void *h = dlopen("./libhook.so", RTLD_NOW);
            dlsym(_r_debug.r_map, "puts"); dlsym(h, "hook"); return 0; }""")
        recorded = self.record("./app")
        self.assertEqual(recorded.steps, [{"dlopen": "./libhook.so", "flags": "NOW"}, {"dlsym": "hook", "handle": 1}])
        self.assertIn("out.plan: 1 call is left out", recorded.err)
        self.assertNotIn("left out", self.record("./app", options=("-q",)).err)

    def test_the_same_question_again(self):
        """Once, as long as nothing is opened or closed."""
        self.executable("app", """int main(void) { for (int i = 0; i < 1000; i++) dlsym(RTLD_DEFAULT, "hook");
            dlopen("./libhook.so", RTLD_NOW|RTLD_GLOBAL);
            for (int i = 0; i < 1000; i++) { dlsym(RTLD_DEFAULT, "hook"); dlsym(RTLD_DEFAULT, "other"); } return 0; }""")
        self.assertEqual(self.record("./app").steps, [
            {"dlsym": "hook"}, {"dlopen": "./libhook.so", "flags": "NOW,GLOBAL"}, {"dlsym": "hook"}, {"dlsym": "other"}])

    def test_namespaces(self):
        """A new one, that of a step, and that of a caller."""
        self.library("libcaller.so", 'void *f(void) { return dlopen("./libhook.so", RTLD_NOW); }')
        self.executable("app", """int main(void) {
            void *a = dlmopen(LM_ID_NEWLM, "./libcaller.so", RTLD_NOW); Lmid_t ns;
            dlinfo(a, RTLD_DI_LMID, &ns);
            void *(*f)(void) = (void *(*)(void))dlsym(a, "f"); f();
            dlmopen(ns, "libm.so.6", RTLD_LAZY); dlmopen(LM_ID_BASE, "./libhook.so", RTLD_NOW);
            dlmopen(LM_ID_NEWLM, "./libhook.so", RTLD_NOW); return 0; }""")
        self.assertEqual(self.record("./app").steps, [
            {"dlmopen": "./libcaller.so", "flags": "NOW"}, {"dlsym": "f", "handle": 1},
            {"dlopen": "./libhook.so", "flags": "NOW", "caller": "./libcaller.so[1]"},
            {"dlmopen": "libm.so.6", "flags": "LAZY", "namespace_of": 3}, {"dlopen": "./libhook.so", "flags": "NOW"},
            {"dlmopen": "./libhook.so", "flags": "NOW"}])
        self.assert_same_bindings("./app")

    def test_a_namespace_that_becomes_empty(self):
        """Nothing is taken for an object that is not there any more, nor for one that is only on its way."""
        self.library("libneeds.so", "int hook(void); int needs(void) { return hook(); }", "./libhook.so")
        self.library("libbroken.so", "int absent(void); int broken(void) { return absent(); }", "-Wl,-z,now", "./libneeds.so")
        self.executable("app", """int main(void) { void *volatile kept[64]; void *a = dlmopen(LM_ID_NEWLM, "./libneeds.so", RTLD_NOW);
            dlopen("./libbroken.so", RTLD_NOW); dlclose(a); for (int i = 0; i < 64; i++) kept[i] = malloc(64 * i);
            dlopen("./libbroken.so", RTLD_NOW); a = dlopen("./libneeds.so", RTLD_NOW); dlclose(a);
            dlopen("./libneeds.so", RTLD_LAZY); return 0; }""")
        broken, needs = {"dlopen": "./libbroken.so", "flags": "NOW"}, {"dlopen": "./libneeds.so", "flags": "NOW"}
        self.assertEqual(self.record("./app").steps, [
            {"dlmopen": "./libneeds.so", "flags": "NOW"}, broken, {"dlclose": 1}, broken, needs, {"dlclose": 5},
            {"dlopen": "./libneeds.so", "flags": "LAZY"}])
        self.assert_same_bindings("./app")

    def test_another_directory(self):
        """A relative path of a program that went elsewhere is absolute in the plan, and so is who it names."""
        (self.directory / "sub").mkdir()
        self.library("sub/libcaller.so", 'void *f(void) { return dlopen("libm.so.6", RTLD_NOW); }')
        self.executable("app", """int main(void) { chdir("sub"); void *h = dlopen("./libcaller.so", RTLD_NOW);
            void *(*f)(void) = (void *(*)(void))dlsym(h, "f"); f(); return 0; }""")
        recorded = self.record("./app")
        file = f"{self.directory}/sub/./libcaller.so"
        self.assertEqual(recorded.steps, [{"dlopen": file, "flags": "NOW"}, {"dlsym": "f", "handle": 1},
                                          {"dlopen": "libm.so.6", "flags": "NOW", "caller": file}])
        self.assertIn("1 relative path is opened from another working directory", recorded.err)
        self.assertEqual(self.bindsim("--plan", "out.plan").status, 0)

    def test_what_the_c_library_opens(self):
        """The unwinder, whenever a thread is cancelled: it asks for it by itself."""
        self.executable("app", """static void *wait_(void *x) { for (;;) pause(); }
            int main(void) { pthread_t t; pthread_create(&t, NULL, wait_, NULL); pthread_cancel(t);
            pthread_join(t, NULL); return 0; }""")
        steps = self.record("./app").steps
        self.assertEqual([(step["dlopen"], step["flags"], step["internal"]) for step in steps], [("libgcc_s.so.1", "NOW", True)])
        self.assertRegex(steps[0]["caller"], r"/libc\.so\.6$")
        self.assertEqual(self.bindsim("--plan", "out.plan").status, 0)

    def test_what_the_c_library_opens_and_closes(self):
        """A character set of iconv(3), and what is there of a name service."""
        self.executable("app", """#include <iconv.h>
            int main(void) { iconv_t c = iconv_open("EUC-KR", "UTF-8"); if (c == (iconv_t)-1) return 3;
            iconv_close(c); dlopen("./libhook.so", RTLD_NOW); return 0; }""")
        recorded = self.record("./app")
        self.assertEqual(recorded.status, 0)
        self.assertEqual(recorded.steps[-1], {"dlopen": "./libhook.so", "flags": "NOW"})
        internal = recorded.steps[:-1]
        self.assertTrue(internal and all(step["internal"] for step in internal), internal)
        self.assertRegex(internal[0]["dlopen"], r"EUC-KR\.so$")
        self.assertEqual(self.bindsim("--plan", "out.plan").status, 0)
        self.assert_same_bindings("./app")

    def test_interposed(self):
        """Who wraps dlopen(3) is the caller, as for the loader."""
        self.library("libwrap.so", """void *dlopen(const char *f, int m) {
            void *(*next)(const char *, int) = (void *(*)(const char *, int))dlsym(RTLD_NEXT, "dlopen"); void *h = next(f, m);
            return h; }""")
        self.executable("app", 'int main(void) { dlopen("./libhook.so", RTLD_NOW); return 0; }')
        self.assertEqual(self.record("env", "LD_PRELOAD=./libwrap.so", "./app").steps, [
            {"dlsym": "dlopen", "handle": "next", "caller": "./libwrap.so"},
            {"dlopen": "./libhook.so", "flags": "NOW", "caller": "./libwrap.so"}])
        self.assert_same_bindings("./app", env={"LD_PRELOAD": "./libwrap.so"})

    def test_ways_of_linking(self):
        """Bound at once or lazily, with a fixed address or without, with packed relocations."""
        body = 'int main(void) { return !dlsym(dlopen("./libhook.so", RTLD_NOW), "hook"); }'
        for options in (["-Wl,-z,now"], ["-Wl,-z,lazy"], ["-no-pie"], ["-Wl,--hash-style=sysv"], ["-pie", "-fPIE"]):
            self.executable("app", body, *options)
            recorded = self.record("./app")
            self.assertEqual((recorded.status, recorded.steps),
                             (0, [{"dlopen": "./libhook.so", "flags": "NOW"}, {"dlsym": "hook", "handle": 1}]), options)

    def test_sanitized(self):
        """A program with a dlopen(3) of its own that calls the real one."""
        self.executable("app", 'int main(void) { dlopen("./libhook.so", RTLD_NOW); return 0; }', "-fsanitize=address")
        recorded = self.record("./app", env={"ASAN_OPTIONS": "detect_leaks=0"})
        self.assertEqual(recorded.status, 0, recorded.err)
        opens = [step for step in recorded.steps if step.get("dlopen") == "./libhook.so"]
        self.assertEqual(len(opens), 1, recorded.steps)

    @only_here("musl-gcc compiles for this machine")
    @unittest.skipUnless(CC_MUSL, "there is no musl-gcc")
    def test_musl(self):
        """Its loader is its C library, tells of maps once, and runs constructors behind the entry point."""
        musl = {"compiler": [CC_MUSL]}
        self.library("libhook.so", "int hook(void) { return 1; }", **musl)
        self.library("libboth.so", 'CONSTRUCTOR { dlopen("./libhook.so", RTLD_LAZY); }', **musl)
        self.executable("app", 'CONSTRUCTOR { dlsym(RTLD_DEFAULT, "own"); } int main(void) {'
                        'void *h = dlopen("./libhook.so", RTLD_NOW|RTLD_GLOBAL);'
                        'dlsym(h, "hook"); dlclose(h); dlopen("./absent.so", RTLD_NOW); return 5; }', "./libboth.so", **musl)
        recorded = self.record("env", "LD_LIBRARY_PATH=.", "./app")
        self.assertEqual(recorded.status, 5)
        self.assertEqual(recorded.steps, [
            {"init": "./libboth.so", "steps": [{"dlopen": "./libhook.so", "flags": "LAZY"}]}, {"dlsym": "own"},
            {"dlopen": "./libhook.so", "flags": "NOW,GLOBAL"}, {"dlsym": "hook", "handle": 3}, {"dlclose": 3},
            {"dlopen": "./absent.so", "flags": "NOW"}])


if __name__ == "__main__":
    case.main()
