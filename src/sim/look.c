/* SPDX-License-Identifier: MIT */
/* What a file is to who looks for something to ask about. */
#include "sim-priv.h"

#include <elf.h>

static enum bs_file_kind kind_of(const struct bs_image *image)
{
	if (image->state != BS_IMAGE_OK || !image->machine || bs_image_is_separate_debug(image))
		return BS_FILE_OTHER;
	if (image->header.type == ET_EXEC)
		return image->interp ? BS_FILE_PROGRAM : BS_FILE_STATIC;
	if (image->header.type != ET_DYN)
		return BS_FILE_OTHER;
	if (image->flags_1 & DF_1_PIE)
		return image->interp ? BS_FILE_PROGRAM : BS_FILE_STATIC;
	if (!image->has_dynamic)
		return BS_FILE_OTHER;
	/* libc names its loader, and has a soname; older link editors leave out the mark. */
	return image->interp && !image->soname ? BS_FILE_PROGRAM : BS_FILE_SHARED_OBJECT;
}

bool bs_look_at(const struct bs_ctx *ctx, const struct bs_fs *fs, struct bs_store *store,
		const char *path, struct bs_file_look *ret)
{
	int fd = bs_fs_open_file(fs, path);
	const struct bs_image *image =
		fd < 0 ? NULL : bs_store_acquire_closing(store, ctx, fd, path);

	*ret = (struct bs_file_look){ 0 };
	if (!image)
		return false;
	*ret = (struct bs_file_look){
		.kind = kind_of(image),
		.machine = image->machine ? image->machine->name : NULL,
		.dev = image->dev,
		.ino = image->ino,
	};
	bs_store_release(store, image);
	return true;
}
