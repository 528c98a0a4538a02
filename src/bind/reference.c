/* SPDX-License-Identifier: MIT */
/*
 * What a relocation asks for, and when: its version, its type class, whether it waits for a first
 * call. (glibc sysdeps/MACHINE/dl-machine.h: elf_machine_type_class, elf_machine_lazy_rel)
 */
#include "bind-priv.h"

#include <elf.h>

enum { STO_AARCH64_VARIANT_PCS_BIT = 0x80 };

const struct bs_version *bs_reference_version(const struct bs_image *image, uint32_t symbol)
{
	uint16_t index = bs_image_versym(image, symbol) & 0x7fff;

	if (!image->symbols.versym || index >= image->versions.n_versions)
		return NULL;
	const struct bs_version *version = &image->versions.versions[index];

	return version->hash ? version : NULL;
}

bool bs_binds_locally(const struct bs_match_policy *policy, const struct bs_image *image,
		      uint32_t symbol, const struct bs_symbol *reference)
{
	if (bs_image_keeps(image, symbol))
		return true;
	if (policy->visibility_is_ignored)
		return bs_symbol_bind(reference) == STB_LOCAL;
	unsigned visibility = bs_symbol_visibility(reference);

	return bs_symbol_bind(reference) == STB_LOCAL ||
	       (policy->hidden_is_skipped &&
		(visibility == STV_HIDDEN || visibility == STV_INTERNAL));
}

unsigned bs_class_of(const struct bs_machine *machine, enum bs_reloc_kind kind)
{
	switch (kind) {
	case BS_RELOC_TLS:
	case BS_RELOC_TLS_IE:
		return machine->tls_is_data ? BS_CLASS_DATA : BS_CLASS_PLT;
	case BS_RELOC_SLOT:
	case BS_RELOC_TLS_DESC:
		return BS_CLASS_PLT;
	case BS_RELOC_COPY:
		return BS_CLASS_COPY;
	case BS_RELOC_UNKNOWN:
	case BS_RELOC_NONE:
	case BS_RELOC_RELATIVE:
	case BS_RELOC_IRELATIVE:
	case BS_RELOC_DATA:
	case BS_RELOC_GLOB_DAT:
	case BS_RELOC_KIND_COUNT_:
		break;
	}
	return BS_CLASS_DATA;
}

bool bs_is_x86(const struct bs_image *image)
{
	return image->header.machine == EM_X86_64 || image->header.machine == EM_386;
}

bool bs_relocation_waits(const struct bs_binder *binder, const struct bs_image *image,
			 const struct bs_relocation *r)
{
	enum bs_reloc_kind kind = bs_machine_kind(image->machine, r->type);

	if (kind == BS_RELOC_TLS_DESC && binder->policy.lazy_tls_descriptors)
		return bs_is_x86(image);
	if (kind != BS_RELOC_SLOT || r->type == BS_MIPS_GOT_KEPT)
		return false;
	if (!image->variant_pcs)
		return true;
	struct bs_symbol s = bs_image_symbol(image, r->symbol);

	return !(s.other & STO_AARCH64_VARIANT_PCS_BIT);
}

bool bs_map_is_lazy(const struct bs_process *process, bs_map_id map)
{
	const struct bs_image *image = bs_map_of(process, map)->image;

	return image && !image->bind_now && bs_image_has_slots(image);
}

bool bs_image_has_slots(const struct bs_image *image)
{
	return image->relocations.plt.n || image->relocations.got.n;
}

uint32_t bs_slots_at_most(const struct bs_image *image)
{
	return image ? image->relocations.plt.n + image->relocations.got.n : 0;
}

uint32_t bs_bindings_at_most(const struct bs_image *image, bool lazy)
{
	uint64_t relocations = 0;

	if (!image)
		return 0;
	if (!lazy || image->bind_now)
		relocations = bs_slots_at_most(image);
	for (uint32_t i = 0; i < image->relocations.n_eager; i++) {
		const struct bs_reloc_table *table = &image->relocations.eager[i];

		relocations += table->n - table->n_relative;
	}
	uint64_t symbols = (uint64_t)image->symbols.n * 2; /* an address and a call of each */

	return (uint32_t)(relocations < symbols ? relocations : symbols);
}
