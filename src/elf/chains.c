/* SPDX-License-Identifier: MIT */
/*
 * Whether the chains of DT_GNU_HASH are those that a linker would write. Then they say of each
 * symbol with which hash a loader finds it, and nobody has to walk them.
 */
#include "elf-priv.h"

enum { UNKNOWN, REGULAR, IRREGULAR };

/* X modulo a number that is asked for often. (Lemire, Kaser, Kurz: Faster remainder by direct
 * computation) */
struct divisor {
	uint64_t inverse;
	uint32_t n;
};

static uint32_t remainder_of(const struct divisor *d, uint32_t x)
{
	__extension__ typedef unsigned __int128 wide;

	return (uint32_t)((wide)(d->inverse * x) * d->n >> 64);
}

/*
 * The one full hash with which the loader finds a symbol: the chain word leaves the lowest bit
 * open, and the bucket settles it. False when the bucket is none of the two, or may be both, or
 * when the bloom filter hides the symbol: then the walk is another one than the word suggests.
 */
static bool complete_hash(const struct bs_gnu_hash *gnu, const struct divisor *n_buckets,
			  uint32_t bucket, uint32_t word, uint32_t *ret_hash)
{
	uint32_t even = word & ~1u, of_even = remainder_of(n_buckets, even);
	uint32_t of_odd = of_even + 1 == n_buckets->n ? 0 : of_even + 1;

	if ((of_even == bucket) == (of_odd == bucket))
		return false;
	*ret_hash = of_even == bucket ? even : even | 1;
	return bs_gnu_bloom_passes(gnu, *ret_hash, false);
}

static void keep_bits(const struct bs_gnu_hash *gnu, uint32_t i, uint32_t bits)
{
	__atomic_store_n(&gnu->low_bits[i / BS_LOW_BITS], bits, __ATOMIC_RELAXED);
}

static bool go_through(const struct bs_image *image)
{
	const struct bs_gnu_hash *gnu = &image->gnu_hash;
	const struct divisor n_buckets = { UINT64_MAX / gnu->n_buckets + 1, gnu->n_buckets };
	uint32_t i = 0, bits = 0;

	/* The walk of DT_MIPS_XHASH goes by another order than that of the symbols. Of a shift that
	 * is longer than a hash, loaders make two things. */
	if (gnu->xlat || gnu->bloom_shift > 31 || gnu->n_chain > image->symbols.n ||
	    gnu->symbol_base > image->symbols.n - gnu->n_chain)
		return false;
	for (uint32_t b = 0; b < gnu->n_buckets; b++) {
		uint32_t start = gnu->buckets[b];
		bool end = !start;

		/* Chains follow each other without gaps, in the order of their buckets. */
		if (start && (start < gnu->symbol_base || start - gnu->symbol_base != i))
			return false;
		for (; !end; i++) {
			uint32_t hash;

			if (i >= gnu->n_chain ||
			    !complete_hash(gnu, &n_buckets, b, gnu->chain[i], &hash))
				return false;
			bits |= (hash & 1) << i % BS_LOW_BITS;
			if (i % BS_LOW_BITS == BS_LOW_BITS - 1) {
				keep_bits(gnu, i, bits);
				bits = 0;
			}
			end = gnu->chain[i] & 1;
		}
	}
	if (i % BS_LOW_BITS)
		keep_bits(gnu, i, bits);
	return i == gnu->n_chain;
}

bool bs_image_chains_are_regular(const struct bs_image *image)
{
	const struct bs_gnu_hash *gnu = &image->gnu_hash;

	if (!gnu->n_chain)
		return false;
	uint8_t state = __atomic_load_n(gnu->state, __ATOMIC_ACQUIRE);

	if (state == UNKNOWN) {
		state = go_through(image) ? REGULAR : IRREGULAR;
		__atomic_store_n(gnu->state, state, __ATOMIC_RELEASE);
	}
	return state == REGULAR;
}
