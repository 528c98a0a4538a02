/* SPDX-License-Identifier: MIT */
/*
 * Linked into objects that make calls of their own. It adds nothing that the loader would bind: no
 * dynamic symbol and no relocation with one, only a constructor: DT_INIT by the linker's -init
 * bindsim_init, or an entry of DT_INIT_ARRAY on machines whose loaders know no DT_INIT.
 *
 * bindsim_init tells the driver that the constructors of this object run, by a call of what a note
 * in the driver leads to (driver/meeting.h); that is found by the auxiliary vector, which lies
 * behind the environment. Another program than the driver has no such note, and constructors in a
 * process whose C library is not set up have no environment: then nothing happens.
 */
#include "driver/meeting.h"

extern ElfW(Dyn) _DYNAMIC[] __attribute__((visibility("hidden")));

/* The return address lies in this object, which the loader takes for the caller. */
static void *trampoline(void *function, const void *a, const void *b, const void *c)
{
	void *result = ((void *(*)(const void *, const void *, const void *))function)(a, b, c);

	__asm__ volatile("" : "+r"(result)); /* no jump instead of the call */
	return result;
}

static construct *find_driver(const ElfW(auxv_t) * auxv)
{
	const ElfW(Phdr) *headers = NULL;
	ElfW(Addr) shift = 0;
	size_t n = 0;

	for (; auxv->a_type != AT_NULL; auxv++) {
		if (auxv->a_type == AT_PHDR)
			headers = (const void *)(uintptr_t)auxv->a_un.a_val;
		else if (auxv->a_type == AT_PHNUM)
			n = auxv->a_un.a_val;
	}
	for (size_t i = 0; i < n; i++)
		if (headers[i].p_type == PT_PHDR)
			shift = (ElfW(Addr))headers - headers[i].p_vaddr;
	for (size_t i = 0; i < n; i++) {
		const char *start = (const char *)(shift + headers[i].p_vaddr);
		const char *end = start + headers[i].p_memsz;

		if (headers[i].p_type != PT_NOTE)
			continue;
		while (start + sizeof(struct meeting_note) <= end) {
			const struct meeting_note *note = (const void *)start;

			if (note->header.n_type == MEETING_TYPE &&
			    note->header.n_namesz == sizeof note->name)
				return (construct *)((uintptr_t)&note->distance +
						     (intptr_t)note->distance);
			start += sizeof note->header + ((note->header.n_namesz + 3) & ~3u) +
				 ((note->header.n_descsz + 3) & ~3u);
		}
	}
	return NULL;
}

__attribute__((visibility("hidden"))) void bindsim_init(int argc, char **argv, char **envp)
{
	construct *driver;

	if (envp == NULL)
		return;
	while (*envp != NULL)
		envp++;
	driver = find_driver((const void *)(envp + 1));
	if (driver != NULL)
		driver(argc, argv, _DYNAMIC, trampoline);
}

#ifdef __riscv
__attribute__((section(".init_array"), used)) static void (*const init)(int, char **,
									char **) = bindsim_init;
#endif
