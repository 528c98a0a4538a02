/* SPDX-License-Identifier: MIT */
/* Dynamic string tokens, and the directory that $ORIGIN means. */
#include "search-priv.h"

enum token { TOKEN_NONE, TOKEN_ORIGIN, TOKEN_PLATFORM, TOKEN_LIB };

static bool is_word(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

static const struct {
	const char *name;
	size_t n;
	enum token token;
} tokens[] = {
	{ "ORIGIN", 6, TOKEN_ORIGIN },
	{ "PLATFORM", 8, TOKEN_PLATFORM },
	{ "LIB", 3, TOKEN_LIB },
};

/* Up to 2.27 the beginning of a token's name is enough, none of it in braces. */
static enum token greedy_token_at(const char *text, size_t *ret_n)
{
	bool braces = *text == '{';
	const char *name = text + braces;

	for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
		size_t n = 0;

		while (name[n] && name[n] == tokens[i].name[n])
			n++;
		if (braces ? name[n] != '}' : !n || (name[n] != '\0' && name[n] != '/'))
			continue;
		*ret_n = braces ? n + 2 : n;
		return tokens[i].token;
	}
	return TOKEN_NONE;
}

/* The token after a `$` at TEXT; *RET_N is its length without the `$`. (glibc elf/dl-load.c:is_dst)
 */
static enum token token_at(const struct bs_search_setup *setup, const char *text, size_t *ret_n)
{
	bool braces = *text == '{';
	const char *name = text + braces;

	if (setup->policy->greedy_tokens)
		return greedy_token_at(text, ret_n);
	for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
		size_t n = tokens[i].n;

		if (strncmp(name, tokens[i].name, n) != 0)
			continue;
		if (braces ? name[n] != '}' : is_word(name[n]))
			continue;
		*ret_n = braces ? n + 2 : n;
		return tokens[i].token;
	}
	return TOKEN_NONE;
}

bool bs_has_tokens(const struct bs_search_setup *setup, const char *text)
{
	size_t n;

	for (const char *p = strchr(text, '$'); p; p = strchr(p + 1, '$'))
		if (token_at(setup, p + 1, &n) != TOKEN_NONE)
			return true;
	return false;
}

/* TEXT without "//", "/./" and "/../", as text: no link is looked at. */
static const char *normalise(const struct bs_ctx *ctx, const char *text)
{
	char *clean = bs_new(ctx->arena, char, strlen(text) + 2);
	size_t n = 0;

	for (const char *p = text; *p;) {
		size_t component = *p == '/' ? strcspn(p + 1, "/") : 0;

		if (*p != '/') {
			clean[n++] = *p++;
			continue;
		}
		if (component == 2 && p[1] == '.' && p[2] == '.') {
			while (n > 0 && clean[--n] != '/')
				;
			p += 3;
		} else if (component == 1 && p[1] == '.') {
			p += 2;
		} else if (n > 0 && clean[n - 1] == '/') {
			p++;
		} else {
			clean[n++] = *p++;
		}
	}
	if (n == 0 || clean[n - 1] != '/')
		clean[n++] = '/';
	clean[n] = '\0';
	return clean;
}

bool bs_is_in_system_dir(const struct bs_search_setup *setup, const char *path)
{
	for (size_t i = 0; setup->system_dirs[i]; i++)
		if (strncmp(path, setup->system_dirs[i], strlen(setup->system_dirs[i])) == 0)
			return true;
	return false;
}

/* (glibc elf/dl-load.c:is_trusted_path_normalize) */
static bool is_trusted(const struct bs_search_setup *setup, const struct bs_ctx *ctx,
		       const char *path)
{
	return *path && bs_is_in_system_dir(setup, normalise(ctx, path));
}

/* What TOKEN becomes, which stands AT_START of its text or not and before NEXT; NULL: nothing. */
static const char *replacement(const struct bs_search_setup *setup, enum token token,
			       const char *origin, bool at_start, char next)
{
	switch (token) {
	case TOKEN_ORIGIN:
		/* A set-user-ID program must not be led away through a hard link to it. */
		if (setup->secure && !(at_start && (next == '\0' || next == '/')))
			return NULL;
		return origin;
	case TOKEN_PLATFORM:
		return setup->platform;
	case TOKEN_LIB:
		return setup->lib_token;
	case TOKEN_NONE:
		break;
	}
	return NULL;
}

const char *bs_expand(const struct bs_search_setup *setup, const struct bs_ctx *ctx,
		      const char *text, const char *origin, bool is_executable)
{
	bs_chars out = { 0 };
	bool must_be_trusted = false;

	if (!bs_has_tokens(setup, text))
		return text;
	for (const char *p = text; *p;) {
		size_t n = strcspn(p, "$");
		enum token token;
		const char *value;

		bs_chars_put(ctx, &out, p, n);
		p += n;
		if (*p == '\0')
			break;
		token = token_at(setup, p + 1, &n);
		if (token == TOKEN_NONE) {
			bs_chars_put(ctx, &out, p++, 1);
			continue;
		}
		value = replacement(setup, token, origin, p == text, p[1 + n]);
		if (!value)
			return "";
		if (token == TOKEN_ORIGIN)
			must_be_trusted = setup->secure && is_executable;
		bs_chars_put(ctx, &out, value, strlen(value));
		p += 1 + n;
	}
	bs_chars_put(ctx, &out, "", 1);
	return must_be_trusted && !is_trusted(setup, ctx, out.v) ? "" : out.v;
}

const char *bs_origin_of(const struct bs_fs *fs, const struct bs_ctx *ctx, const char *path)
{
	const char *cwd = bs_fs_cwd(fs);
	const char *whole = path;

	if (path[0] != '/')
		whole = bs_arena_printf(ctx->arena, "%s%s%s", cwd, cwd[1] ? "/" : "", path);
	size_t n = (size_t)(strrchr(whole, '/') - whole);

	return bs_arena_strndup(ctx->arena, whole, n ? n : 1);
}
