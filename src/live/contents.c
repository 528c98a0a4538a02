/* SPDX-License-Identifier: MIT */
/* What the slots of a process hold. */
#include "contents.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

enum { TYPE_IFUNC = 10, WINDOW = 1 << 12 };

const char *bs_content_slug(enum bs_content content)
{
	static const char *const slugs[] = {
		[BS_CONTENT_BOUND] = "bound",	  [BS_CONTENT_LAZY] = "lazy",
		[BS_CONTENT_NULL] = "null",	  [BS_CONTENT_PATCHED] = "patched",
		[BS_CONTENT_CHANGED] = "changed", [BS_CONTENT_UNREADABLE] = "unreadable",
	};

	return slugs[content];
}

const char *bs_target_slug(enum bs_target_kind kind)
{
	static const char *const slugs[] = {
		[BS_TARGET_NONE] = "none",	 [BS_TARGET_OBJECT] = "object",
		[BS_TARGET_FILE] = "file",	 [BS_TARGET_ANONYMOUS] = "anonymous",
		[BS_TARGET_NOTHING] = "nothing",
	};

	return slugs[kind];
}

/* A piece of an object's memory. */
struct range {
	uint64_t from, to; /* one behind the last byte */
	uint32_t object;
};

struct reader {
	const struct bs_ctx *ctx;
	const struct bs_subject *subject;
	const bs_live_objects *objects;
	BS_VEC(struct range) ranges; /* by FROM */
	bs_live_slots *ret;
	uint64_t at; /* address of WINDOW's first byte */
	size_t n;    /* bytes in it */
	uint8_t window[WINDOW];
	/* Of the object under way: */
	uint32_t object;
	const struct bs_image *image;
	const struct bs_machine *machine;
	unsigned width;	     /* bytes of an address */
	bool is_unrelocated; /* the loader has not come to its end */
};

/* ---- where an address lies ------------------------------------------------------------------- */

static int by_from(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return x->object < y->object ? -1 : x->object > y->object;
}

static void note_ranges(struct reader *r, uint32_t index)
{
	const struct bs_live_object *object = &r->objects->v[index];

	if (!object->image) {
		if (object->to > object->from)
			bs_vec_push(r->ctx->arena, &r->ranges,
				    ((struct range){ object->from, object->to, index }));
		return;
	}
	for (uint32_t i = 0; i < object->image->n_segments; i++) {
		const struct bs_segment *s = &object->image->segments[i];

		if (s->type == PT_LOAD && s->memsz)
			bs_vec_push(r->ctx->arena, &r->ranges,
				    ((struct range){ object->base + s->vaddr,
						     object->base + s->vaddr + s->memsz, index }));
	}
}

/* The number of ranges that begin at ADDRESS or before. */
static uint32_t ranges_up_to(const struct reader *r, uint64_t address)
{
	uint32_t low = 0, high = r->ranges.n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (r->ranges.v[middle].from <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The object that ADDRESS lies in; of one that is in several link maps, the first. */
static uint32_t object_at(const struct reader *r, uint64_t address)
{
	uint32_t found = BS_NO_LIVE_OBJECT;

	for (uint32_t i = ranges_up_to(r, address); i-- > 0;) {
		const struct range *range = &r->ranges.v[i];

		if (address < range->to && range->object < found)
			found = range->object;
		/* Objects do not overlap: only a twin could come before. */
		if (found != BS_NO_LIVE_OBJECT && range->to <= address)
			break;
		if (address - range->from > UINT32_MAX)
			break;
	}
	return found;
}

/* ---- reading --------------------------------------------------------------------------------- */

static uint64_t word_of(const struct reader *r, const uint8_t *bytes)
{
	uint64_t word = 0;

	for (unsigned i = 0; i < r->width; i++) {
		unsigned at = r->machine->data == ELFDATA2LSB ? r->width - 1 - i : i;

		word = word << 8 | bytes[at];
	}
	return word;
}

static bool read_word(struct reader *r, uint64_t address, uint64_t *ret)
{
	uint8_t bytes[8];

	if (address - r->at >= r->n || r->n - (address - r->at) < r->width) {
		const struct bs_memory *memory = r->subject->memory;

		r->at = address & ~(uint64_t)(WINDOW - 1);
		r->n = memory->read(memory, r->at, r->window, WINDOW) ? WINDOW : 0;
	}
	if (address - r->at < r->n && r->n - (address - r->at) >= r->width)
		memcpy(bytes, r->window + (address - r->at), r->width);
	else if (!r->subject->memory->read(r->subject->memory, address, bytes, r->width))
		return false;
	*ret = word_of(r, bytes);
	return true;
}

static bool word_in_file(const struct reader *r, uint64_t place, uint64_t *ret)
{
	uint64_t n;
	const uint8_t *bytes = bs_image_bytes_at(r->image, place, &n);

	if (!bytes || n < r->width)
		return false;
	*ret = word_of(r, bytes);
	return true;
}

static bool is_as_in_file(const struct reader *r, uint64_t place, uint64_t value)
{
	uint64_t initial;

	return word_in_file(r, place, &initial) ? value == initial : !value;
}

static uint64_t as_address(const struct reader *r, uint64_t value)
{
	return r->width == 4 ? (uint32_t)value : value;
}

/* ---- definitions ----------------------------------------------------------------------------- */

/* An undefined entry with a value is a canonical PLT entry: it answers, too. */
static bool is_definition(const struct bs_symbol *s)
{
	uint8_t type = bs_symbol_type(s);

	return (s->section != SHN_UNDEF || s->value) && type != STT_TLS && type != STT_SECTION &&
	       type != STT_FILE;
}

struct wanted {
	const char *name;
	uint32_t hash;
	uint64_t address;
};

/* What an object has of a name. */
struct has {
	uint32_t symbol;   /* that lies at the address, or 0 */
	uint32_t resolver; /* an IFUNC of the name, or 0 */
};

static void look_at(const struct reader *r, uint32_t object, uint32_t index, uint64_t address,
		    struct has *ret)
{
	const struct bs_live_object *o = &r->objects->v[object];
	const struct bs_symbol s = bs_image_symbol(o->image, index);
	uint64_t base = s.section == SHN_ABS ? 0 : o->base;

	if (!is_definition(&s))
		return;
	if (bs_symbol_type(&s) == TYPE_IFUNC && s.section != SHN_UNDEF)
		ret->resolver = index;
	else if (as_address(r, base + s.value) == address && !ret->symbol)
		ret->symbol = index;
}

static struct has look_in(const struct reader *r, uint32_t object, const struct wanted *wanted)
{
	const struct bs_image *image = r->objects->v[object].image;
	struct bs_hash_step step = { 0 };
	struct has has = { 0 };
	uint32_t index;

	while (image && (index = bs_image_hash_next(image, wanted->name, wanted->hash, &step)))
		if (strcmp(bs_image_symbol_name(image, index), wanted->name) == 0)
			look_at(r, object, index, wanted->address, &has);
	return has;
}

/* The entry of OBJECT that lies at ADDRESS, a definition that others may see, or 0. */
static uint32_t symbol_at(const struct reader *r, uint32_t object, uint64_t address)
{
	const struct bs_live_object *o = &r->objects->v[object];

	for (uint32_t i = 1; o->image && i < o->image->symbols.n; i++) {
		const struct bs_symbol s = bs_image_symbol(o->image, i);

		if (s.section != SHN_UNDEF && s.section != SHN_ABS && is_definition(&s) &&
		    bs_symbol_type(&s) != TYPE_IFUNC &&
		    as_address(r, o->base + s.value) == address &&
		    *bs_image_symbol_name(o->image, i))
			return i;
	}
	return 0;
}

static void bind(struct bs_live_slot *slot, uint32_t definer, uint32_t symbol, bool by_resolver)
{
	slot->content = BS_CONTENT_BOUND;
	slot->definer = definer;
	slot->definer_symbol = symbol;
	slot->by_resolver = by_resolver;
}

/* Where the address lies, there the name is defined. */
static bool bind_there(const struct reader *r, struct bs_live_slot *slot,
		       const struct wanted *wanted)
{
	/* The end of an object, where a symbol may lie, can be the begin of the next one. */
	const uint32_t places[] = { object_at(r, wanted->address),
				    object_at(r, wanted->address - 1) };

	for (unsigned i = 0; i < 2; i++) {
		struct has has = { 0 };

		if (places[i] == BS_NO_LIVE_OBJECT || (i && places[i] == places[0]))
			continue;
		has = look_in(r, places[i], wanted);
		/* A reference that does not leave its object is to what no hash table may have. */
		if (!has.symbol && places[i] == slot->object)
			look_at(r, slot->object, slot->symbol, wanted->address, &has);
		if (!has.symbol)
			continue;
		bind(slot, places[i], has.symbol, false);
		return true;
	}
	return false;
}

/* An IFUNC of the object that the address lies in may have led there. */
static bool bind_by_resolver(const struct reader *r, struct bs_live_slot *slot,
			     const struct wanted *wanted)
{
	uint32_t place = object_at(r, wanted->address);
	struct has has = { 0 };

	if (place == BS_NO_LIVE_OBJECT)
		return false;
	has = look_in(r, place, wanted);
	if (!has.resolver && place == slot->object)
		look_at(r, slot->object, slot->symbol, wanted->address, &has);
	if (has.resolver)
		bind(slot, place, has.resolver, true);
	return has.resolver != 0;
}

/* OBJECT refers to what THERE defines at ADDRESS: a resolver of its may have chosen that. */
static bool refers_to(const struct reader *r, uint32_t object, uint32_t there, uint64_t address)
{
	const struct bs_image *image = r->objects->v[object].image;

	if (there == BS_NO_LIVE_OBJECT || !r->objects->v[there].image ||
	    r->objects->v[object].ns != r->objects->v[there].ns)
		return false;
	for (uint32_t i = 1; i < image->symbols.n; i++) {
		const struct bs_symbol s = bs_image_symbol(image, i);
		const struct wanted wanted = {
			.name = bs_image_symbol_name(image, i),
			.hash = bs_image_name_hash(image, i),
			.address = address,
		};

		if (s.section == SHN_UNDEF && look_in(r, there, &wanted).symbol)
			return true;
	}
	return false;
}

/* Absolute symbols lie nowhere; and a resolver may choose what the kernel has, or another object.
 */
static bool bind_elsewhere(const struct reader *r, struct bs_live_slot *slot,
			   const struct wanted *wanted)
{
	uint32_t there = object_at(r, wanted->address);
	bool in_vdso = there != BS_NO_LIVE_OBJECT && r->objects->v[there].is_vdso;

	bs_vec_each (i, r->objects) {
		const struct has has = look_in(r, i, wanted);

		if (!has.symbol &&
		    (!has.resolver || !(in_vdso || refers_to(r, i, there, wanted->address))))
			continue;
		bind(slot, i, has.symbol ? has.symbol : has.resolver, !has.symbol);
		return true;
	}
	return false;
}

/* ---- one slot -------------------------------------------------------------------------------- */

/* A relocation that leaves the plain address of its symbol, with the addend. */
static bool is_address(const struct reader *r, uint32_t type)
{
	static const char *const names[] = { "R_X86_64_64", "R_386_32",	  "R_AARCH64_ABS64",
					     "R_ARM_ABS32", "R_RISCV_64", "R_PPC64_ADDR64",
					     "R_390_64" };
	const char *name = bs_machine_reloc_name(r->machine, type);

	for (size_t i = 0; name && i < sizeof names / sizeof *names; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static bool is_sealed(const struct reader *r, uint64_t place)
{
	for (uint32_t i = 0; i < r->image->n_segments; i++) {
		const struct bs_segment *s = &r->image->segments[i];

		if (s->type == PT_GNU_RELRO && place >= s->vaddr && place - s->vaddr < s->memsz)
			return true;
	}
	return false;
}

/* Whose PLT has tables that only the loader knows, which no file says. */
static bool has_own_stubs(const struct reader *r)
{
	return r->machine->e_machine == EM_PPC64;
}

/* It points back into the object, to what makes the loader bind it. (glibc
 * sysdeps/MACHINE/dl-machine.h:elf_machine_lazy_rel) */
static bool is_lazy(const struct reader *r, uint64_t place, uint64_t value)
{
	uint64_t base = r->objects->v[r->object].base, initial;

	if (has_own_stubs(r))
		return object_at(r, value) == r->object;
	return word_in_file(r, place, &initial) && initial &&
	       as_address(r, base + initial) == value;
}

static void say_target(const struct reader *r, struct bs_live_slot *slot, uint64_t address)
{
	uint32_t object = object_at(r, address);
	const struct bs_live_area *area;

	if (object != BS_NO_LIVE_OBJECT) {
		slot->target = BS_TARGET_OBJECT;
		slot->definer = object;
		slot->definer_symbol = symbol_at(r, object, address);
		return;
	}
	area = bs_live_area_at(&r->subject->areas, address);
	slot->target = !area	    ? BS_TARGET_NOTHING
		       : area->file ? BS_TARGET_FILE
				    : BS_TARGET_ANONYMOUS;
	slot->area = area ? area->file : NULL;
}

/* A loader leaves 0 for what is weak, or 0 itself; without a strong definition it gives up. */
static void judge_null(const struct reader *r, struct bs_live_slot *slot)
{
	const struct bs_symbol symbol = bs_image_symbol(r->image, slot->symbol);
	bool is_changed = slot->kind == BS_RELOC_DATA && !is_sealed(r, slot->place) &&
			  bs_symbol_bind(&symbol) != STB_WEAK;
	const struct wanted wanted = {
		.name = bs_image_symbol_name(r->image, slot->symbol),
		.hash = bs_image_name_hash(r->image, slot->symbol),
	};

	struct bs_live_slot bound = *slot;

	slot->content = BS_CONTENT_NULL;
	/* Absolute symbols may be 0. */
	if (!is_changed || bind_elsewhere(r, &bound, &wanted))
		return;
	slot->content = BS_CONTENT_CHANGED;
	slot->target = BS_TARGET_NOTHING;
}

static void judge(struct reader *r, struct bs_live_slot *slot, uint64_t value, uint64_t addend)
{
	const char *name = bs_image_symbol_name(r->image, slot->symbol);
	const struct wanted wanted = {
		.name = name,
		.hash = bs_image_name_hash(r->image, slot->symbol),
		.address = as_address(r, value - addend),
	};

	if (!wanted.address) {
		judge_null(r, slot);
		return;
	}
	if (bind_there(r, slot, &wanted))
		return;
	if (slot->kind == BS_RELOC_SLOT && is_lazy(r, slot->place, value)) {
		slot->content = BS_CONTENT_LAZY;
		return;
	}
	if (bind_by_resolver(r, slot, &wanted) || bind_elsewhere(r, slot, &wanted))
		return;
	slot->content = slot->kind == BS_RELOC_DATA && !is_sealed(r, slot->place)
				? BS_CONTENT_CHANGED
				: BS_CONTENT_PATCHED;
	say_target(r, slot, as_address(r, value));
}

static void read_slot(struct reader *r, const struct bs_reloc_table *table,
		      const struct bs_relocation *relocation)
{
	enum bs_reloc_kind kind = bs_machine_kind(r->machine, relocation->type);
	bool is_plain = kind == BS_RELOC_SLOT || kind == BS_RELOC_GLOB_DAT;
	bool is_rel = table->format == BS_REL32 || table->format == BS_REL64;
	struct bs_live_slot slot = {
		.object = r->object,
		.symbol = relocation->symbol,
		.place = relocation->offset,
		.kind = kind,
		.content = BS_CONTENT_UNREADABLE,
		.definer = BS_NO_LIVE_OBJECT,
	};
	uint64_t value, addend = 0;

	if (!relocation->symbol ||
	    (!is_plain && (kind != BS_RELOC_DATA || !is_address(r, relocation->type))))
		return;
	const struct bs_symbol symbol = bs_image_symbol(r->image, relocation->symbol);

	if (bs_symbol_bind(&symbol) == STB_LOCAL || relocation->symbol >= r->image->symbols.n)
		return;
	/* Jump slots and GOT entries are the symbol's address, whatever stands in them before. */
	if (!is_rel)
		addend = (uint64_t)relocation->addend;
	else if (!is_plain && !word_in_file(r, relocation->offset, &addend))
		addend = 0;
	/* What the loader has not come to yet is as in the file. */
	if (read_word(r, r->objects->v[r->object].base + relocation->offset, &value) &&
	    !(r->is_unrelocated && is_as_in_file(r, relocation->offset, value)))
		judge(r, &slot, value, addend);
	bs_vec_push(r->ctx->arena, r->ret, slot);
}

static void read_table(struct reader *r, const struct bs_reloc_table *table)
{
	for (uint32_t i = table->n_relative; i < table->n; i++) {
		const struct bs_relocation relocation = bs_reloc_at(table, i);

		read_slot(r, table, &relocation);
	}
}

static bool holds_initial(struct reader *r, uint64_t place)
{
	uint64_t value;

	return read_word(r, r->objects->v[r->object].base + place, &value) &&
	       is_as_in_file(r, place, value);
}

/*
 * r_state does not tell of dlopen: glibc calls the list consistent before it relocates what is new
 * in it (elf/dl-open.c:dl_open_worker_begin). What lies elsewhere than it was linked for changes
 * its first relative relocation and its last jump slot, bound or not.
 */
static bool is_unrelocated(struct reader *r)
{
	const struct bs_relocations *relocations = &r->image->relocations;

	if (r->subject->is_loading)
		return true;
	if (!r->objects->v[r->object].base || has_own_stubs(r))
		return false;
	for (uint32_t k = 0; k < relocations->n_eager; k++) {
		uint64_t first = relocations->eager[k].n_relative
					 ? bs_reloc_at(&relocations->eager[k], 0).offset
					 : 0;

		/* The program may write to others. */
		if (first && is_sealed(r, first) && holds_initial(r, first))
			return true;
	}
	return relocations->plt.n &&
	       holds_initial(r, bs_reloc_at(&relocations->plt, relocations->plt.n - 1).offset);
}

void bs_live_slots_read(const struct bs_ctx *ctx, const struct bs_subject *subject,
			bs_live_slots *ret)
{
	struct reader *r = bs_new(ctx->arena, struct reader, 1);
	const bs_live_objects *objects = &subject->objects;

	r->ctx = ctx;
	r->subject = subject;
	r->objects = objects;
	r->ret = ret;
	bs_vec_each (i, objects)
		note_ranges(r, i);
	if (r->ranges.n)
		qsort(r->ranges.v, r->ranges.n, sizeof *r->ranges.v, by_from);
	bs_vec_each (i, objects) {
		const struct bs_relocations *relocations;

		r->object = i;
		r->image = objects->v[i].image;
		r->machine = r->image ? r->image->machine : NULL;
		/* What MIPS binds without relocations has other places than the tables here. */
		if (!r->machine || r->machine->has_bound_got)
			continue;
		r->width = r->machine->elf_class == ELFCLASS64 ? 8 : 4;
		r->is_unrelocated = is_unrelocated(r);
		relocations = &r->image->relocations;
		for (uint32_t k = 0; k < relocations->n_eager; k++)
			read_table(r, &relocations->eager[k]);
		read_table(r, &relocations->plt);
	}
}
