/* SPDX-License-Identifier: MIT */
/*
 * Saved container images: what `docker save` writes (manifest.json), and the layout of the OCI
 * (index.json; image-spec, image-layout.md). Both are a tar with the layers as further archives.
 */
#include "image.h"

#include "../report/jansson-late.h"

#include <string.h>

enum { DEEPEST_INDEX = 4, MOST_LINKS = 8, MOST_LAYERS = 1000 };

/* The image is gone through for each layer, twice for most. That takes time, but no more room: as
 * much as this many of the largest images. */
enum { MOST_AGAIN = 64 };

#define DIGEST "sha256:"

const char *const bs_image_texts[] = { "manifest.json", "index.json", "oci-layout", "blobs/sha256/",
				       NULL };

struct layers {
	struct bs_unpacking *u;
	const char *problem; /* or NULL */
	BS_VEC(const char *) paths;
};

static const struct bs_unpacked_text *find_text(const struct bs_unpacking *u, const char *path)
{
	bs_vec_each (i, &u->texts)
		if (strcmp(u->texts.v[i].path, path) == 0)
			return &u->texts.v[i];
	return NULL;
}

/* Programs of all kinds call files so: it is Docker's if its first item has layers. What is no JSON
 * is nobody's. */
static bool is_docker(const struct bs_unpacking *u)
{
	const struct bs_unpacked_text *text = find_text(u, "manifest.json");
	json_error_t error;

	/* Who lays out the image tells what the matter is with jansson. */
	if (!text || bs_jansson_open())
		return text != NULL;
	json_t *root = json_loadb(text->text, text->n, 0, &error);
	bool is = json_object_get(json_array_get(root, 0), "Layers") != NULL;

	json_decref(root);
	return is;
}

bool bs_is_image(const struct bs_unpacking *u)
{
	return is_docker(u) || (find_text(u, "oci-layout") && find_text(u, "index.json"));
}

/* ---- which layers --------------------------------------------------------------------------- */

static void fail(struct layers *l, const char *path, const char *what)
{
	l->problem = bs_arena_printf(l->u->arena, "%s: %s", path, what);
}

static void add_layer(struct layers *l, const char *from, const char *path)
{
	if (!path || l->paths.n == MOST_LAYERS)
		fail(l, from, path ? "it has too many layers" : "a layer has no name");
	else
		bs_vec_push(l->u->arena, &l->paths,
			    bs_arena_strndup(l->u->arena, path, strlen(path)));
}

/* The text PATH as JSON, which the caller drops. */
static json_t *parse(struct layers *l, const char *path)
{
	const struct bs_unpacked_text *text = find_text(l->u, path);
	json_error_t error;
	json_t *json = text ? json_loadb(text->text, text->n, 0, &error) : NULL;

	if (!text)
		fail(l, path, "it is not in the image");
	else if (!json)
		fail(l, path, error.text);
	return json;
}

static void read_docker(struct layers *l, const char *path)
{
	json_t *root = parse(l, path);
	const json_t *image = json_array_get(root, 0);
	const json_t *list = json_object_get(image, "Layers");

	if (!root)
		return;
	if (json_array_size(root) > 1)
		fail(l, path, "there are several images in it, and one is checked at a time");
	else if (!json_is_array(list))
		fail(l, path, "it names no layers");
	for (size_t i = 0; !l->problem && i < json_array_size(list); i++)
		add_layer(l, path, json_string_value(json_array_get(list, i)));
	json_decref(root);
}

/* Where the layout has what DESCRIPTOR is about, or NULL. */
static const char *blob_of(const struct layers *l, const json_t *descriptor)
{
	const char *digest = json_string_value(json_object_get(descriptor, "digest"));

	if (!digest || strncmp(digest, DIGEST, strlen(DIGEST)) != 0)
		return NULL;
	return bs_arena_printf(l->u->arena, "blobs/sha256/%s", digest + strlen(DIGEST));
}

/* Statements about an image stand beside it as images for no system. */
static bool is_for_system(const json_t *descriptor)
{
	const json_t *platform = json_object_get(descriptor, "platform");
	const char *os = json_string_value(json_object_get(platform, "os"));

	return !os || strcmp(os, "unknown") != 0;
}

/* Of a manifest the layers; of an index what its one image has. */
static void read_oci(struct layers *l, const char *path, unsigned depth)
{
	json_t *root = parse(l, path);
	const json_t *list = json_object_get(root, "layers");
	const json_t *images = json_object_get(root, "manifests");
	const json_t *image = NULL;
	uint32_t n = 0;

	if (!root)
		return;
	for (size_t i = 0; i < json_array_size(list) && !l->problem; i++)
		add_layer(l, path, blob_of(l, json_array_get(list, i)));
	for (size_t i = 0; i < json_array_size(images); i++) {
		const json_t *item = json_array_get(images, i);

		image = is_for_system(item) ? item : image;
		n += is_for_system(item);
	}
	const char *next = image ? blob_of(l, image) : NULL;

	if (n > 1)
		fail(l, path, "there are several images in it, and one is checked at a time");
	else if (!json_is_array(list) && (!next || depth == DEEPEST_INDEX))
		fail(l, path, "it names no image");
	else if (!json_is_array(list))
		read_oci(l, next, depth + 1);
	json_decref(root);
}

/* ---- laying them out ------------------------------------------------------------------------ */

/* Layers that are alike may be links to one of them: the place that TARGET means beside FROM. */
static const char *beside(struct bs_arena *arena, const char *from, const char *target)
{
	const char *slash = strrchr(from, '/');
	size_t n = slash ? (size_t)(slash - from) : 0;

	while (strncmp(target, "../", 3) == 0) {
		target += 3;
		while (n && from[--n] != '/')
			;
	}
	return n ? bs_arena_printf(arena, "%.*s/%s", (int)n, from, target) : target;
}

/* One image, which is gone through again and again. */
struct passes {
	struct bs_unpacking *u;
	const char *image;
	struct bs_archive_budget again; /* for what was paid for before */
};

/* Opens the image and goes to the entry PATH. *RET_LINK: it is a link, and leads there. */
static struct bs_archive *find_layer(struct passes *passes, const char *path, const char **ret_link,
				     const char **ret_problem)
{
	struct bs_unpacking *u = passes->u;
	struct bs_archive *outer =
		bs_archive_open(u->arena, passes->image, &passes->again, ret_problem);
	struct bs_archive_entry entry;
	int status = 0;

	*ret_link = NULL;
	while (outer && (status = bs_archive_next(outer, &entry, ret_problem)) > 0) {
		if (strcmp(entry.path, path) != 0)
			continue;
		if (entry.kind == BS_ENTRY_SYMLINK)
			*ret_link = beside(u->arena, path, entry.target);
		else if (entry.kind == BS_ENTRY_HARDLINK)
			*ret_link = bs_arena_strndup(u->arena, entry.target, strlen(entry.target));
		if (!*ret_link)
			return outer;
		break;
	}
	if (outer && status == 0)
		*ret_problem = bs_arena_printf(u->arena, "the layer %s is not in it", path);
	else if (outer && (!passes->again.bytes || !passes->again.entries))
		*ret_problem = "it has too much in it to be read again for each of its layers";
	bs_archive_close(outer);
	return NULL;
}

/* What is in the layer is paid for from BUDGET. */
static const char *unpack_layer(struct passes *passes, const char *path, bool whiteouts,
				struct bs_archive_budget *budget)
{
	struct bs_unpacking *u = passes->u;
	const char *link = path, *problem = NULL;
	struct bs_archive *outer = NULL;

	for (unsigned i = 0; link && !problem && i < MOST_LINKS; i++)
		outer = find_layer(passes, path = link, &link, &problem);
	if (!outer)
		return problem ? problem : bs_arena_printf(u->arena, "%s: a link to itself", path);
	struct bs_archive *layer = bs_archive_open_entry(outer, budget, &problem);

	if (layer)
		problem = whiteouts ? bs_unpack_whiteouts(u, layer) : bs_unpack(u, layer);
	bs_archive_close(layer);
	bs_archive_close(outer);
	return problem ? bs_arena_printf(u->arena, "%s: %s", path, problem) : NULL;
}

const char *bs_unpack_image(struct bs_unpacking *u, const char *path)
{
	struct layers l = { .u = u, .problem = bs_jansson_open() };
	struct passes passes = { u, path, BS_ARCHIVE_BUDGET };

	passes.again.bytes *= MOST_AGAIN;
	passes.again.entries *= MOST_AGAIN;
	if (l.problem)
		return l.problem;
	if (is_docker(u))
		read_docker(&l, "manifest.json");
	else
		read_oci(&l, "index.json", 0);
	/* The layers' files are the system's, whatever they are called. */
	u->text_prefixes = NULL;
	/* What the top has is no part of the system. */
	if (!l.problem)
		l.problem = bs_tree_remove(&u->tree, "", true);
	for (uint32_t i = 0; i < l.paths.n && !l.problem; i++) {
		/* The lowest has nothing to take away. */
		if (i)
			l.problem = unpack_layer(&passes, l.paths.v[i], true, &u->budget);
		if (!l.problem)
			l.problem = unpack_layer(&passes, l.paths.v[i], false,
						 i ? &passes.again : &u->budget);
	}
	return l.problem;
}
