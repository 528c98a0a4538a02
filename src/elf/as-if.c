/* SPDX-License-Identifier: MIT */
/*
 * Objects as another link would have made them, for questions that begin with "what if". Nothing is
 * edited: the image that was read stays as it is, and the other one is a view of it. It differs in
 * what a lookup asks of an entry, its binding and its visibility, and in which references leave the
 * object at all; so no floor above needs a second rule for it, and its answers are those of every
 * loader.
 */
#include "elf-priv.h"

#include <elf.h>

static bool has(const uint8_t *bits, uint32_t symbol)
{
	return bits && bits[symbol / 8] >> symbol % 8 & 1;
}

/* The binding that makes an entry nobody else's, in glibc and musl alike. (glibc
 * elf/dl-lookup.c:do_lookup_x; musl ldso/dynlink.c: OK_BINDS) */
static uint8_t as_local(uint8_t info)
{
	return ELF64_ST_INFO(STB_LOCAL, ELF64_ST_TYPE(info));
}

static void change_entry(struct bs_symbol_table *table, void *entries, uint32_t i,
			 const struct bs_as_if *as_if)
{
	uint8_t *info = table->wide ? &((Elf64_Sym *)entries + i)->st_info
				    : &((Elf32_Sym *)entries + i)->st_info;
	uint8_t *other = table->wide ? &((Elf64_Sym *)entries + i)->st_other
				     : &((Elf32_Sym *)entries + i)->st_other;

	if (has(as_if->hidden, i))
		*info = as_local(*info);
	if (has(as_if->protected, i))
		*other = (uint8_t)((*other & ~3) | STV_PROTECTED);
}

static void change_symbols(struct bs_arena *arena, struct bs_symbol_table *table,
			   const struct bs_as_if *as_if)
{
	size_t size = table->n * (table->wide ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym));
	void *entries = bs_arena_alloc(arena, size, 1);

	memcpy(entries, table->entries, size);
	for (uint32_t i = 1; i < table->n; i++)
		change_entry(table, entries, i, as_if);
	table->entries = entries;
}

enum { TYPE_IFUNC = 10, BIND_UNIQUE = 10 };

/*
 * As GNU ld has it (2.40, bfd/elflink.c, bfd/elfxx-x86.h:SYMBOL_REFERENCES_LOCAL_P): there is one
 * unique symbol in a process whatever the link, and what is chosen at run time or lies in a
 * thread's block keeps its relocation, which DF_SYMBOLIC leads to the object where a loader obeys
 * it. -Bsymbolic-functions is about all that is not data
 * (bfd/elflink.c:bfd_elf_link_mark_dynamic_symbol), so that what has no type is a function. gold
 * and lld also resolve some of these.
 */
bool bs_symbolic_keeps(const struct bs_symbol *symbol, bool functions_only)
{
	unsigned type = bs_symbol_type(symbol);

	if (bs_symbol_bind(symbol) == BIND_UNIQUE || type == TYPE_IFUNC || type == STT_TLS)
		return false;
	return !functions_only || (type != STT_OBJECT && type != STT_COMMON);
}

/* The symbols of BITS or MORE, of N, as the image's own. */
static const uint8_t *either(struct bs_arena *arena, uint32_t n, const uint8_t *bits,
			     const uint8_t *more)
{
	uint8_t *own = bs_new(arena, uint8_t, n / 8 + 1);

	for (uint32_t i = 1; i < n; i++)
		if (has(bits, i) || has(more, i))
			own[i / 8] |= (uint8_t)(1u << i % 8);
	return own;
}

struct bs_image_file *bs_image_as_if(const struct bs_ctx *ctx, struct bs_image_file *base,
				     const struct bs_as_if *as_if)
{
	struct bs_arena *arena = base->arena;

	bs_arena_unwind_with(arena, ctx->arena);
	struct bs_image_file *file = bs_new(arena, struct bs_image_file, 1);
	struct bs_image *image = &file->image;

	file->arena = arena;
	file->file = base;
	*image = base->image;
	if (image->symbols.n && (as_if->hidden || as_if->protected))
		change_symbols(arena, &image->symbols, as_if);
	image->kept = either(arena, image->symbols.n, as_if->kept, as_if->protected);
	if (as_if->hidden)
		image->hidden = either(arena, image->symbols.n, as_if->hidden, NULL);
	if (as_if->symbolic) {
		image->symbolic = true;
		image->flags |= DF_SYMBOLIC;
	}
	return file;
}
