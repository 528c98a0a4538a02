/* SPDX-License-Identifier: MIT */
/* libelf, which is opened when a file of foreign byte order is met. */
#include "elf-priv.h"

#define SONAME "libelf.so.1"

BS_LATE_NOTE(note,
	     "[{\"soname\":[\"" SONAME "\"],\"feature\":\"foreign byte order\",\"description\":"
	     "\"files of machines whose byte order is another\",\"priority\":\"recommended\"}]");

typedef Elf_Data *translate(Elf_Data *to, const Elf_Data *from, unsigned encoding);

enum { VERSION, TRANSLATE_32, TRANSLATE_64, N_FUNCTIONS };

static const char *const names[N_FUNCTIONS] = { "elf_version", "elf32_xlatetom", "elf64_xlatetom" };
static bs_function *functions[N_FUNCTIONS];
static struct bs_late late = BS_LATE(SONAME, names, functions);

const char *bs_libelf_open(void)
{
	const char *problem = bs_late_open(&late);

	if (!problem)
		((unsigned (*)(unsigned))functions[VERSION])(EV_CURRENT);
	return problem;
}

bool bs_libelf_turns(Elf_Data *to, const Elf_Data *from, unsigned encoding, bool wide)
{
	return ((translate *)functions[wide ? TRANSLATE_64 : TRANSLATE_32])(to, from, encoding) !=
	       NULL;
}
