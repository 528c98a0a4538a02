/* SPDX-License-Identifier: MIT */
/*
 * The hash tables: their place and extent when an image is read, and the loader's walk.
 *
 * A wrong table is kept as it is as far as it lies in the file, since it hides from the loader what
 * it hides from us (glibc elf/dl-setup_hash.c:_dl_setup_hash, elf/dl-lookup.c:do_lookup_x).
 */
#include "elf-priv.h"

#include <inttypes.h>

enum { GNU_HEADER = 4 * sizeof(uint32_t), END_OF_CHAIN = 1 };

/*
 * How far the chains reach: the place after the end mark of the chain that starts last. AT is where
 * the chain words start, ROOM how many fit into the segment.
 */
static uint32_t measure_chains(struct bs_reader *r, const struct bs_gnu_hash *hash, uint64_t at,
			       uint32_t room)
{
	uint32_t base = hash->symbol_base, last = 0;
	bool early = false;

	for (uint32_t i = 0; i < hash->n_buckets; i++) {
		uint32_t start = bs_once32(hash->buckets[i]);

		last = start > last ? start : last;
	}
	if (!last)
		return 0;
	for (uint32_t i = 0; i < hash->n_buckets; i++) {
		uint32_t start = bs_once32(hash->buckets[i]);

		early |= start && start < base;
	}
	/* The loader takes what stands before the chains for one. */
	if (early)
		bs_noted(r, BS_DIAG_MALFORMED, at, "DT_GNU_HASH bucket before the chains");
	if (last - base >= room && last >= base) {
		bs_broken(r, BS_DIAG_MALFORMED, at, "DT_GNU_HASH bucket without a chain");
		last = 0;
		for (uint32_t i = 0; i < hash->n_buckets; i++) {
			uint32_t start = bs_once32(hash->buckets[i]);

			if (start > last && start >= base && start - base < room)
				last = start;
		}
	}
	if (!last || last < base)
		return 0;
	for (uint32_t i = last - base; i < room; i++)
		if (bs_load32(r, at + i * sizeof(uint32_t)) & END_OF_CHAIN)
			return i + 1;
	bs_broken(r, BS_DIAG_MALFORMED, at, "DT_GNU_HASH chain without an end");
	return room;
}

/*
 * The translation table of DT_MIPS_XHASH lies behind as many chain words as the object has symbols
 * from the base on (glibc sysdeps/mips/ldsodefs.h:ELF_MACHINE_XHASH_SETUP).
 */
static void read_translation(struct bs_reader *r, struct bs_gnu_hash *hash, uint64_t at,
			     uint32_t room)
{
	uint64_t n_symbols = bs_image_dynamic(r->image, DT_MIPS_SYMTABNO, 0);
	uint64_t skip = n_symbols - hash->symbol_base;
	uint32_t highest = 0;

	if (n_symbols < hash->symbol_base || skip > room || hash->n_chain > room - skip) {
		hash->n_buckets = hash->n_chain = 0;
		bs_broken(r, BS_DIAG_OUTSIDE_FILE, at, "DT_MIPS_XHASH without its translation");
		return;
	}
	hash->xchain = hash->chain;
	hash->xchain_base = hash->symbol_base;
	hash->n_xchain = hash->n_chain;
	hash->xlat = bs_host_order(r, at + skip * sizeof(uint32_t), hash->n_xchain, ELF_T_WORD);

	for (uint32_t i = 0; i < hash->n_xchain; i++) {
		uint32_t symbol = bs_once32(hash->xlat[i]);

		if (symbol > highest && symbol < n_symbols)
			highest = symbol;
	}
	uint32_t *by_symbol = bs_new(r->arena, uint32_t, (size_t)highest + 1);

	for (uint32_t i = 0; i < hash->n_xchain; i++) {
		uint32_t symbol = bs_once32(hash->xlat[i]);

		if (symbol <= highest)
			by_symbol[symbol] = hash->xchain[i];
	}
	hash->symbol_base = 0;
	hash->chain = by_symbol;
	hash->n_chain = highest + 1;
}

static void read_gnu_hash(struct bs_reader *r, struct bs_range range, bool is_mips)
{
	struct bs_gnu_hash *hash = &r->image->gnu_hash;
	uint64_t word = r->wide ? sizeof(uint64_t) : sizeof(uint32_t);
	uint64_t at = range.offset;

	if (range.n < GNU_HEADER) {
		bs_broken(r, BS_DIAG_OUTSIDE_FILE, at, "DT_GNU_HASH cut off");
		return;
	}
	uint32_t n_buckets = bs_load32(r, at);

	hash->symbol_base = bs_load32(r, at + 4);
	hash->bloom_words = bs_load32(r, at + 8);
	hash->bloom_shift = bs_load32(r, at + 12);
	hash->wide = r->wide;

	/* The loader asserts this, even for a table without buckets; 0 passes and is then misread.
	 */
	if (hash->bloom_words & (hash->bloom_words - 1)) {
		bs_broken(r, BS_DIAG_MALFORMED, at + 8,
			  "DT_GNU_HASH with %" PRIu32 " bloom words, not a power of two",
			  hash->bloom_words);
		return;
	}
	if (!n_buckets)
		return;
	uint64_t bloom_bytes = hash->bloom_words * word;
	uint64_t bucket_bytes = (uint64_t)n_buckets * sizeof(uint32_t);
	uint64_t fixed = GNU_HEADER + bloom_bytes + bucket_bytes;

	if (!hash->bloom_words || fixed > range.n) {
		bs_broken(r, hash->bloom_words ? BS_DIAG_OUTSIDE_FILE : BS_DIAG_MALFORMED, at,
			  hash->bloom_words ? "DT_GNU_HASH cut off"
					    : "DT_GNU_HASH without a bloom filter");
		return;
	}
	hash->n_buckets = n_buckets;
	hash->bloom = bs_host_order(r, at + GNU_HEADER, hash->bloom_words,
				    r->wide ? ELF_T_XWORD : ELF_T_WORD);
	hash->buckets =
		bs_host_order(r, at + GNU_HEADER + bloom_bytes, hash->n_buckets, ELF_T_WORD);

	uint64_t room = (range.n - fixed) / sizeof(uint32_t);

	if (room > UINT32_MAX - hash->symbol_base)
		room = UINT32_MAX - hash->symbol_base;
	hash->n_chain = measure_chains(r, hash, at + fixed, room);
	hash->chain = bs_host_order(r, at + fixed, hash->n_chain, ELF_T_WORD);
	if (is_mips)
		read_translation(r, hash, at + fixed, room);
}

/*
 * How many chain words the chains take, at most ROOM: the loader skips their count
 * (glibc elf/dl-setup_hash.c:_dl_setup_hash).
 */
static uint64_t measure_sysv(const struct bs_reader *r, bool wide, uint64_t buckets,
			     uint64_t n_buckets, uint64_t room)
{
	uint64_t word = wide ? sizeof(uint64_t) : sizeof(uint32_t);
	uint64_t n = 0;

	/* The words of the buckets and then those of the chains, as far as they are known to go. */
	for (uint64_t i = 0; i < n_buckets + n; i++) {
		uint64_t at = buckets + i * word;
		uint64_t next = wide ? bs_load64(r, at) : bs_load32(r, at);

		if (next >= n && next && next < room)
			n = next + 1;
	}
	return n;
}

static void read_sysv_hash(struct bs_reader *r, struct bs_range range)
{
	struct bs_sysv_hash *hash = &r->image->sysv_hash;

	hash->wide = r->image->machine && r->image->machine->hash_words_are_64;

	Elf_Type type = hash->wide ? ELF_T_XWORD : ELF_T_WORD;
	uint64_t word = hash->wide ? sizeof(uint64_t) : sizeof(uint32_t);
	uint64_t room = range.n / word, at = range.offset;

	if (room < 2) {
		bs_broken(r, BS_DIAG_OUTSIDE_FILE, at, "DT_HASH cut off");
		return;
	}
	uint64_t n_buckets = hash->wide ? bs_load64(r, at) : bs_load32(r, at);
	uint64_t n_chain = hash->wide ? bs_load64(r, at + word) : bs_load32(r, at + word);

	room -= 2;
	if (n_buckets > room || n_buckets > UINT32_MAX) {
		bs_broken(r, BS_DIAG_OUTSIDE_FILE, at, "DT_HASH buckets cut off");
		return;
	}
	room -= n_buckets;
	if (room > UINT32_MAX)
		room = UINT32_MAX;
	uint64_t measured = measure_sysv(r, hash->wide, at + 2 * word, n_buckets, room);

	if (n_chain > room) {
		bs_noted(r, BS_DIAG_OUTSIDE_FILE, at, "DT_HASH chain cut off");
		n_chain = measured;
	}
	if (n_chain < measured) {
		bs_noted(r, BS_DIAG_MALFORMED, at, "DT_HASH chain longer than its count");
		n_chain = measured;
	}
	hash->n_buckets = n_buckets;
	hash->n_chain = n_chain;
	hash->buckets = bs_host_order(r, at + 2 * word, n_buckets, type);
	hash->chain = bs_host_order(r, at + (2 + n_buckets) * word, n_chain, type);
}

void bs_read_hash_tables(struct bs_reader *r)
{
	struct bs_image *image = r->image;
	bool is_mips = image->machine && image->machine->hash_is_mips;
	int64_t gnu_tag = is_mips ? DT_MIPS_XHASH : DT_GNU_HASH;
	const char *name = is_mips ? "DT_MIPS_XHASH" : "DT_GNU_HASH";

	image->gnu_hash.present = bs_image_has_dynamic(image, gnu_tag);
	image->sysv_hash.present = bs_image_has_dynamic(image, DT_HASH);
	if (image->gnu_hash.present) {
		struct bs_range range = bs_range_of_tag(r, gnu_tag, name);

		if (range.n)
			read_gnu_hash(r, range, is_mips);
		image->gnu_hash.state = bs_new(r->arena, uint8_t, 1);
		image->gnu_hash.low_bits =
			bs_new(r->arena, uint32_t, image->gnu_hash.n_chain / BS_LOW_BITS + 1);
	} else if (image->sysv_hash.present) {
		struct bs_range range = bs_range_of_tag(r, DT_HASH, "DT_HASH");

		if (range.n)
			read_sysv_hash(r, range);
	}
}

/* The bucket's first symbol, or 0 when the bloom filter says no. */
static uint32_t gnu_bucket(const struct bs_gnu_hash *gnu, uint32_t h, bool shift_wraps)
{
	return bs_gnu_bloom_passes(gnu, h, shift_wraps)
		       ? bs_once32(gnu->buckets[h % gnu->n_buckets])
		       : 0;
}

static uint32_t next_gnu(const struct bs_gnu_hash *gnu, uint32_t h, struct bs_hash_step *step)
{
	const uint32_t *chain = gnu->xlat ? gnu->xchain : gnu->chain;
	uint32_t base = gnu->xlat ? gnu->xchain_base : gnu->symbol_base;
	uint32_t n = gnu->xlat ? gnu->n_xchain : gnu->n_chain;

	if (!step->steps++)
		step->at = gnu->n_buckets ? gnu_bucket(gnu, h, step->shift_wraps) : 0;
	while (step->at >= base && step->at && step->at - base < n) {
		uint32_t i = step->at - base, stored = bs_once32(chain[i]);

		step->at = stored & END_OF_CHAIN ? 0 : step->at + 1;
		if ((stored ^ h) >> 1 == 0)
			return gnu->xlat ? bs_once32(gnu->xlat[i]) : i + base;
	}
	step->at = 0;
	return 0;
}

static uint32_t sysv_word(const struct bs_sysv_hash *sysv, const void *words, uint32_t i)
{
	if (!sysv->wide)
		return bs_once32(((const uint32_t *)words)[i]);
	uint64_t word = bs_once64(((const uint64_t *)words)[i]);

	return word <= UINT32_MAX ? word : 0;
}

static uint32_t next_sysv(const struct bs_sysv_hash *sysv, const char *name,
			  struct bs_hash_step *step)
{
	if (!sysv->n_buckets)
		return 0;
	if (!step->steps)
		step->at = sysv_word(sysv, sysv->buckets, bs_hash_sysv(name) % sysv->n_buckets);
	else if (step->at)
		step->at = sysv_word(sysv, sysv->chain, step->at);
	/* The loader would go round a circle for ever. */
	if (step->at >= sysv->n_chain || step->steps++ >= sysv->n_chain)
		step->at = 0;
	return step->at;
}

uint32_t bs_image_hash_next(const struct bs_image *image, const char *name, uint32_t gnu_hash,
			    struct bs_hash_step *step)
{
	if (image->gnu_hash.present)
		return next_gnu(&image->gnu_hash, gnu_hash, step);
	return next_sysv(&image->sysv_hash, name, step);
}
