#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`bindsim record`: calls that constructors make, and programs that end in one."""

import shutil
import unittest

import case
from case import RecordTest, only_here


def opens(file: str) -> str:
    """A constructor that opens FILE."""
    return f'CONSTRUCTOR {{ dlopen("{file}", RTLD_NOW); }}'


OPEN = {"flags": "NOW"}


class ConstructorsTest(RecordTest):
    """Steps of constructors stand in a block of their object."""

    def setUp(self) -> None:
        super().setUp()
        self.library("libhook.so", "int hook(void) { return 1; }")

    def test_start_up(self):
        """Those of what the program needs; its own are its calls."""
        self.library("liba.so", opens("./libhook.so"))
        self.library("libb.so", 'CONSTRUCTOR { dlsym(RTLD_DEFAULT, "hook"); }')
        self.executable("app", 'CONSTRUCTOR { dlsym(RTLD_DEFAULT, "own"); }'
                        'int main(void) { dlopen("./libhook.so", RTLD_LAZY); return 0; }', "-Wl,--no-as-needed", "./liba.so", "./libb.so")
        recorded = self.record("./app")
        self.assertEqual(recorded.steps, [
            {"init": "./libb.so", "steps": [{"dlsym": "hook"}]},
            {"init": "./liba.so", "steps": [{"dlopen": "./libhook.so", **OPEN}]},
            {"dlsym": "own"}, {"dlopen": "./libhook.so", "flags": "LAZY"}])
        self.assert_same_bindings("./app")

    def test_levels(self):
        """Each opens the next; what comes behind belongs to the one before again."""
        self.library("lib3.so", 'CONSTRUCTOR { dlsym(RTLD_DEFAULT, "three"); }')
        self.library("lib2.so", 'CONSTRUCTOR { void *h = dlopen("./lib3.so", RTLD_NOW); dlsym(h, "two"); dlclose(h); }')
        self.library("lib1.so", 'CONSTRUCTOR { void *h = dlopen("./lib2.so", RTLD_NOW); dlsym(h, "one"); }')
        self.executable("app", 'int main(void) { dlsym(dlopen("./lib1.so", RTLD_NOW), "zero"); return 0; }')
        recorded = self.record("./app")
        self.assertEqual(recorded.steps, [
            {"dlopen": "./lib1.so", **OPEN},
            {"init": "./lib1.so", "steps": [
                {"dlopen": "./lib2.so", **OPEN},
                {"init": "./lib2.so", "steps": [
                    {"dlopen": "./lib3.so", **OPEN},
                    {"init": "./lib3.so", "steps": [{"dlsym": "three"}]},
                    {"dlsym": "two", "handle": 3}, {"dlclose": 3}]},
                {"dlsym": "one", "handle": 2}]},
            {"dlsym": "zero", "handle": 1}])
        self.assert_same_bindings("./app")

    def test_too_many_levels(self):
        """Deeper than blocks may stand in each other, the calls say who makes them."""
        for i in range(20):
            self.library(f"lib{i}.so", opens(f"./lib{i + 1}.so") if i < 19 else "int last;")
        self.executable("app", 'int main(void) { dlopen("./lib0.so", RTLD_NOW); return 0; }')
        recorded = self.record("./app")
        self.assertEqual(str(recorded.plan).count("'dlopen'"), 20)
        self.assertEqual(str(recorded.plan).count("'caller'"), 3)
        self.assert_same_bindings("./app")

    def test_the_second_run(self):
        """A block for each run of the constructors of one object, also where nothing is called in it."""
        self.library("liba.so", 'CONSTRUCTOR { if (getenv("AGAIN")) dlopen("./libhook.so", RTLD_NOW); }')
        self.executable("app", """int main(void) { dlclose(dlopen("./liba.so", RTLD_NOW)); setenv("AGAIN", "1", 1);
            dlopen("./liba.so", RTLD_NOW); return 0; }""")
        self.assertEqual(self.record("./app").steps, [
            {"dlopen": "./liba.so", **OPEN}, {"dlclose": 1}, {"dlopen": "./liba.so", **OPEN},
            {"init": "./liba.so", "steps": []}, {"init": "./liba.so", "steps": [{"dlopen": "./libhook.so", **OPEN}]}])
        self.assert_same_bindings("./app")

    def test_where_constructors_stand(self):
        """DT_INIT, DT_INIT_ARRAY, its packed relocations, a function that another object could take the place of."""
        body = 'void construct(void) { dlopen("./libhook.so", RTLD_NOW); }'
        array = body + '__attribute__((section(".init_array"), used)) static void (*slot)(void) = construct;'
        ways = {"init": (body, "-nostartfiles", "-Wl,-init,construct"), "array": (array, "-nostartfiles"),
                "hidden": (array.replace("void construct", 'static void construct'), "-nostartfiles"),
                "packed": (array.replace("void construct", "static void construct"), "-nostartfiles", "-Wl,-z,pack-relative-relocs"),
                "usual": (array,), "old hash": (array, "-Wl,--hash-style=sysv")}
        self.executable("app", 'int main(void) { dlopen("./liba.so", RTLD_NOW); return 0; }')
        self.executable("early", 'int main(void) { return 0; }', "-Wl,--unresolved-symbols=ignore-all,--no-as-needed", "./libhook.so")
        for name, (source, *options) in ways.items():
            self.library("liba.so", source, *options)
            self.assertEqual(self.record("./app").steps, [
                {"dlopen": "./liba.so", **OPEN}, {"init": "./liba.so", "steps": [{"dlopen": "./libhook.so", **OPEN}]}], name)
            self.executable("early", 'int main(void) { return 0; }', "-Wl,--no-as-needed", "./liba.so")
            self.assertEqual(self.record("./early").steps,
                             [{"init": "./liba.so", "steps": [{"dlopen": "./libhook.so", **OPEN}]}], name)

    def test_in_a_namespace(self):
        """The object is named with it."""
        self.library("liba.so", opens("./libhook.so"))
        self.executable("app", 'int main(void) { dlmopen(LM_ID_NEWLM, "./liba.so", RTLD_NOW); return 0; }')
        self.assertEqual(self.record("./app").steps, [
            {"dlmopen": "./liba.so", **OPEN},
            {"init": "./liba.so[1]", "steps": [{"dlopen": "./libhook.so", **OPEN}]}])
        self.assert_same_bindings("./app")

    def test_ends(self):
        """However a program ends in a constructor, the plan is there, and the status is its own."""
        ways = {"abort();": 128 + 6, "raise(SIGSEGV);": 128 + 11, "*(volatile int *)0 = 1;": 128 + 11, "_exit(9);": 9, "exit(8);": 8,
                "raise(SIGKILL);": 128 + 9, 'execl("/bin/false", "false", NULL);': 1, "__builtin_trap();": 128 + self.place.trap}
        self.executable("app", 'int main(void) { dlopen("./liba.so", RTLD_NOW); return 0; }')
        for end, status in ways.items():
            self.library("liba.so", f'CONSTRUCTOR {{ dlopen("./libhook.so", RTLD_NOW); {end} }}')
            recorded = self.record("./app")
            self.assertEqual((recorded.status, recorded.steps), (status, [
                {"dlopen": "./liba.so", **OPEN}, {"init": "./liba.so", "steps": [{"dlopen": "./libhook.so", **OPEN}]}]), end)
            (self.directory / "out.plan").unlink()

    def test_left_by_longjmp(self):
        """What is called afterwards is not the constructors'."""
        self.library("liba.so", 'CONSTRUCTOR { dlopen("./libhook.so", RTLD_NOW); void (*leave)(void) = '
                     '(void (*)(void))dlsym(RTLD_DEFAULT, "leave"); leave(); }')
        self.executable("app", """static jmp_buf out; void leave(void) { longjmp(out, 1); }
            __attribute__((noinline)) static void deep(void) { volatile char room[4096]; room[0] = 1;
                dlopen("./liba.so", RTLD_NOW); room[1] = 1; }
            int main(void) { if (!setjmp(out)) deep(); dlsym(RTLD_DEFAULT, "behind"); return 0; }""", "-rdynamic")
        self.assertEqual(self.record("./app").steps, [
            {"dlopen": "./liba.so", **OPEN},
            {"init": "./liba.so", "steps": [{"dlopen": "./libhook.so", **OPEN}, {"dlsym": "leave"}]}, {"dlsym": "behind"}])

    def test_destructors(self):
        """Their calls are the object's, and no constructors'; they come before their object goes."""
        (self.directory / "sub").mkdir()
        self.library("sub/libown.so", "int own;")
        self.library("liba.so", '__attribute__((destructor)) static void end(void) {'
                     ' dlsym(RTLD_DEFAULT, "end"); dlclose(dlopen("libown.so", RTLD_NOW)); }', "-Wl,-rpath,$ORIGIN/sub")
        self.executable("app", 'int main(void) { dlclose(dlopen("./liba.so", RTLD_NOW)); return 0; }')
        by = {"caller": "./liba.so"}
        self.assertEqual(self.record("./app").steps, [
            {"dlopen": "./liba.so", **OPEN}, {"dlsym": "end", **by}, {"dlopen": "libown.so", **OPEN, **by}, {"dlclose": 3, **by},
            {"dlclose": 1}])
        self.assertEqual(self.bindsim("--plan", "out.plan").status, 1)
        self.assert_same_bindings("./app")

    def test_called_by_others(self):
        """A function that is a constructor is no constructor where another one calls it."""
        self.library("liba.so", 'void both(void) { dlsym(RTLD_DEFAULT, "both"); }'
                     '__attribute__((section(".init_array"), used)) static void (*slot)(void) = both;')
        self.executable("app", 'void both(void); int main(void) { dlopen("./libhook.so", RTLD_NOW); both(); return 0; }', "./liba.so")
        self.assertEqual(self.record("./app").steps, [
            {"init": "./liba.so", "steps": [{"dlsym": "both"}]}, {"dlopen": "./libhook.so", **OPEN},
            {"dlsym": "both", "caller": "./liba.so"}])

    @only_here("g++ compiles for this machine")
    @unittest.skipUnless(shutil.which("g++"), "there is no g++")
    def test_c_plus_plus(self):
        """Static objects, and an exception out of the constructor of one."""
        gxx = {"compiler": ["g++", "-x", "c++"]}
        self.library("liba.so", 'struct A { A() { dlopen("./libhook.so", RTLD_NOW); } } a; struct B { B() { dlsym(RTLD_DEFAULT, "b"); } } b;', **gxx)
        self.executable("app", 'int main() { dlopen("./liba.so", RTLD_NOW); try { throw 1; } catch (int) {'
                        ' dlsym(RTLD_DEFAULT, "caught"); } return 0; }', **gxx)
        recorded = self.record("./app")
        self.assertEqual(recorded.status, 0)
        self.assertEqual(recorded.steps, [
            {"dlopen": "./liba.so", **OPEN},
            {"init": "./liba.so", "steps": [{"dlopen": "./libhook.so", **OPEN}, {"dlsym": "b"}]}, {"dlsym": "caught"}])
        self.assert_same_bindings("./app")

    def test_threads_of_start_up(self):
        """What a thread opens that a constructor of start-up waits for comes while that runs."""
        self.library("liba.so", """static void *work(void *x) { dlopen("./libhook.so", RTLD_NOW); return x; }
            CONSTRUCTOR { pthread_t t; pthread_create(&t, NULL, work, NULL); pthread_join(t, NULL); }""", "-pthread")
        self.executable("app", "int main(void) { return 0; }", "-Wl,--no-as-needed", "./liba.so")
        self.assertEqual(self.record("./app").steps,
                         [{"init": "./liba.so", "steps": [{"dlopen": "./libhook.so", **OPEN}]}])


if __name__ == "__main__":
    case.main()
