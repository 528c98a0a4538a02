/* SPDX-License-Identifier: MIT */
/*
 * libdw, which is opened when a finding asks for evidence. The functions here are those of its
 * header and lead on to its own; bs_libdw_open() comes before all of them.
 *
 * None of libdwfl is used, nor what of libdw looks for files itself: both would look outside of the
 * root, and the first asks servers, too.
 */
#include "dw-late.h"

#define LIBDW  "libdw.so.1"
#define LIBELF "libelf.so.1"

BS_LATE_NOTE(note, "[{\"soname\":[\"" LIBDW "\"],\"feature\":\"proof\",\"description\":"
		   "\"evidence from debug information\",\"priority\":\"recommended\"}]");

/* TYPE, NAME, PARAMETERS, ARGUMENTS of what is used here. */
#define LIBDW_FUNCTIONS(F)                                                                         \
	F(Dwarf *, dwarf_begin_elf, (Elf * elf, Dwarf_Cmd cmd, Elf_Scn * group),                   \
	  (elf, cmd, group))                                                                       \
	F(int, dwarf_end, (Dwarf * dwarf), (dwarf))                                                \
	F(ssize_t, dwelf_elf_gnu_build_id, (Elf * elf, const void **id), (elf, id))                \
	F(const char *, dwelf_elf_gnu_debuglink, (Elf * elf, GElf_Word * crc), (elf, crc))         \
	F(ssize_t, dwelf_dwarf_gnu_debugaltlink,                                                   \
	  (Dwarf * dwarf, const char **name, const void **id), (dwarf, name, id))                  \
	F(int, dwarf_get_units,                                                                    \
	  (Dwarf * dwarf, Dwarf_CU * cu, Dwarf_CU * *next, Dwarf_Half * version, uint8_t * type,   \
	   Dwarf_Die * die, Dwarf_Die * sub),                                                      \
	  (dwarf, cu, next, version, type, die, sub))                                              \
	F(int, dwarf_child, (Dwarf_Die * die, Dwarf_Die * child), (die, child))                    \
	F(int, dwarf_siblingof, (Dwarf_Die * die, Dwarf_Die * sibling), (die, sibling))            \
	F(int, dwarf_tag, (Dwarf_Die * die), (die))                                                \
	F(Dwarf_Off, dwarf_dieoffset, (Dwarf_Die * die), (die))                                    \
	F(Dwarf_Attribute *, dwarf_attr, (Dwarf_Die * die, unsigned name, Dwarf_Attribute *attr),  \
	  (die, name, attr))                                                                       \
	F(int, dwarf_formudata, (Dwarf_Attribute * attr, Dwarf_Word * value), (attr, value))       \
	F(int, dwarf_formsdata, (Dwarf_Attribute * attr, Dwarf_Sword * value), (attr, value))      \
	F(int, dwarf_formaddr, (Dwarf_Attribute * attr, Dwarf_Addr * address), (attr, address))    \
	F(int, dwarf_formblock, (Dwarf_Attribute * attr, Dwarf_Block * block), (attr, block))      \
	F(int, dwarf_formflag, (Dwarf_Attribute * attr, bool *flag), (attr, flag))                 \
	F(const char *, dwarf_formstring, (Dwarf_Attribute * attr), (attr))                        \
	F(Dwarf_Die *, dwarf_formref_die, (Dwarf_Attribute * attr, Dwarf_Die * die), (attr, die))  \
	F(ptrdiff_t, dwarf_ranges,                                                                 \
	  (Dwarf_Die * die, ptrdiff_t offset, Dwarf_Addr * base, Dwarf_Addr * start,               \
	   Dwarf_Addr * end),                                                                      \
	  (die, offset, base, start, end))                                                         \
	F(int, dwarf_getsrcfiles, (Dwarf_Die * unit, Dwarf_Files * *files, size_t * n),            \
	  (unit, files, n))                                                                        \
	F(const char *, dwarf_filesrc,                                                             \
	  (Dwarf_Files * files, size_t i, Dwarf_Word * time, Dwarf_Word * length),                 \
	  (files, i, time, length))                                                                \
	F(int, dwarf_getlocation, (Dwarf_Attribute * attr, Dwarf_Op * *ops, size_t * n),           \
	  (attr, ops, n))                                                                          \
	F(int, dwarf_getlocation_attr,                                                             \
	  (Dwarf_Attribute * attr, const Dwarf_Op *op, Dwarf_Attribute *ret), (attr, op, ret))

#define LIBELF_FUNCTIONS(F)                                                                        \
	F(unsigned, elf_version, (unsigned version), (version))                                    \
	F(Elf *, elf_memory, (char *bytes, size_t n), (bytes, n))                                  \
	F(int, elf_end, (Elf * elf), (elf))                                                        \
	F(int, elf_getshdrstrndx, (Elf * elf, size_t * index), (elf, index))                       \
	F(Elf_Scn *, elf_nextscn, (Elf * elf, Elf_Scn * section), (elf, section))                  \
	F(char *, elf_strptr, (Elf * elf, size_t section, size_t offset), (elf, section, offset))  \
	F(GElf_Chdr *, gelf_getchdr, (Elf_Scn * section, GElf_Chdr * header), (section, header))   \
	F(GElf_Shdr *, gelf_getshdr, (Elf_Scn * section, GElf_Shdr * header), (section, header))

#define F(type, name, parameters, arguments) AT_##name,
enum { LIBDW_FUNCTIONS(F) AT_dwarf_setalt, N_LIBDW };
enum { LIBELF_FUNCTIONS(F) N_LIBELF };
#undef F

#define F(type, name, parameters, arguments) #name,
static const char *const libdw_names[N_LIBDW] = { LIBDW_FUNCTIONS(F) "dwarf_setalt" };
static const char *const libelf_names[N_LIBELF] = { LIBELF_FUNCTIONS(F) };
#undef F

static bs_function *libdw_functions[N_LIBDW], *libelf_functions[N_LIBELF];
static struct bs_late libdw = BS_LATE(LIBDW, libdw_names, libdw_functions);
static struct bs_late libelf = BS_LATE(LIBELF, libelf_names, libelf_functions);

#define F(type, name, parameters, arguments)                                                       \
	type name parameters                                                                       \
	{                                                                                          \
		return ((type(*) parameters)libdw_functions[AT_##name])arguments;                  \
	}
LIBDW_FUNCTIONS(F)
#undef F

#define F(type, name, parameters, arguments)                                                       \
	type name parameters                                                                       \
	{                                                                                          \
		return ((type(*) parameters)libelf_functions[AT_##name])arguments;                 \
	}
LIBELF_FUNCTIONS(F)
#undef F

void dwarf_setalt(Dwarf *dwarf, Dwarf *alt)
{
	((void (*)(Dwarf *, Dwarf *))libdw_functions[AT_dwarf_setalt])(dwarf, alt);
}

const char *bs_libdw_open(void)
{
	const char *problem = bs_late_open(&libdw);

	if (!problem)
		problem = bs_late_open(&libelf);
	if (!problem)
		elf_version(EV_CURRENT);
	return problem;
}
