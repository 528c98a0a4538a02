/* SPDX-License-Identifier: MIT */
/*
 * choices.h - the rules that documents leave open where scopes are fixed
 *
 * Each has two answers, of which a profile chooses one and --set the other. What a choice does to
 * an answer is not guessed: the question is asked again with the other one, and what differs rests
 * on it (sim/otherwise.c). An engine that comes to a choice says so, with bs_choose(): a choice
 * that nothing came to decides nothing. The numbers are those of bindsim-qnx(7).
 */
#pragma once

enum bs_choice {
	BS_CHOICE_NONE,
	/* finding files */
	BS_CHOICE_LIBPATH,	    /* the system's path is that of most build files */
	BS_CHOICE_DSO_RPATH,	    /* the path tags of who asks count, too */
	BS_CHOICE_IGNORE_RUNPATH,   /* DT_RUNPATH never counts */
	BS_CHOICE_LITERAL_ORIGIN,   /* $ORIGIN is no token */
	BS_CHOICE_SEARCH_RELATIVE,  /* `d/L.so` is searched for like `L.so` */
	BS_CHOICE_SAME_SONAME,	    /* a soname means a loaded object */
	BS_CHOICE_SAME_INODE,	    /* another path to the same file does, too */
	BS_CHOICE_NOSHARE_NEEDS,    /* RTLD_NOSHARE copies needs, too */
	BS_CHOICE_PRELOADS_FIRST,   /* preloads come before the executable */
	BS_CHOICE_PRELOAD_REQUIRED, /* one that cannot be loaded ends start-up */
	BS_CHOICE_MISSING_PASSES,   /* a dlopen goes on without a need */
	/* what is global */
	BS_CHOICE_GLOBAL_NEEDS,	   /* what a global object needs is global */
	BS_CHOICE_DEFAULT_GLOBAL,  /* neither RTLD_GLOBAL nor RTLD_LOCAL is global */
	BS_CHOICE_LOCAL_DEMOTES,   /* a later RTLD_LOCAL takes it back */
	BS_CHOICE_NOLOAD_PROMOTES, /* RTLD_NOLOAD|RTLD_GLOBAL makes global */
	/* scopes */
	BS_CHOICE_WORLD_FIRST,	     /* other global objects before what is opened */
	BS_CHOICE_DEFAULT_GROUP,     /* neither RTLD_WORLD nor RTLD_GROUP is RTLD_GROUP */
	BS_CHOICE_OWN_FIRST,	     /* what is opened before the executable */
	BS_CHOICE_GROUP_SEES_START,  /* RTLD_GROUP alone sees what start-up loaded */
	BS_CHOICE_GROUP_PRELOADS,    /* it sees preloads */
	BS_CHOICE_WORLD_SELF_FIRST,  /* under RTLD_WORLD alone the object comes first */
	BS_CHOICE_WORLD_LOADS_NEEDS, /* and brings its needs */
	BS_CHOICE_SYMBOLIC,	     /* Q-26: -Bsymbolic counts */
	/* binding time */
	BS_CHOICE_NO_MODE_IS_NOW,   /* neither RTLD_LAZY nor RTLD_NOW is RTLD_NOW */
	BS_CHOICE_BOTH_IS_LAZY,	    /* both are RTLD_LAZY */
	BS_CHOICE_FALLBACK_BY_LOAD, /* global objects in the order of loading */
	BS_CHOICE_LAZY_NEEDS_WORLD, /* no fallback under RTLD_GROUP alone */
	BS_CHOICE_LAZY_COVERS,	    /* RTLD_LAZY holds for needs, too */
	BS_CHOICE_MISSING_FAILS,    /* without a mode a missing function fails at once */
	BS_CHOICE_EMPTY_BIND_NOW,   /* LD_BIND_NOW counts when it is empty */
	BS_CHOICE_LAZY_OUTWEIGHS,   /* RTLD_LAZY counts under LD_BIND_NOW */
	/* loading on demand */
	BS_CHOICE_DATA_TWO_PASS,   /* data asks loaded objects first */
	BS_CHOICE_LAZY_GROUP_FULL, /* what is loaded on demand brings all its needs */
	BS_CHOICE_MARKED_NEEDS,	   /* DF_P1_LAZYLOAD marks a need of the executable */
	BS_CHOICE_LAZYLOAD_GROUP,  /* RTLD_LAZYLOAD alone is RTLD_LAZYLOAD|RTLD_GROUP */
	BS_CHOICE_DSYM_LOADS,	   /* dlsym(3) loads what it comes to */
	BS_CHOICE_DEMAND_GLOBAL,   /* on demand for a global object: global */
	/* dlsym(3), matching */
	BS_CHOICE_DSYM_BY_LOAD,	 /* a handle is searched in the order of loading */
	BS_CHOICE_NEXT_IN_SCOPE, /* RTLD_NEXT asks the rest of the caller's scope */
	BS_CHOICE_STRONG_FIRST,	 /* a weak definition gives way to a later one */
	BS_CHOICE_VERSIONS,	 /* versions count */
	BS_CHOICE_PROTECTED_OWN, /* a protected reference is its object's own */
	/* messages */
	BS_CHOICE_UNKNOWN_IS_ALL, /* an unknown word of DL_DEBUG means all */
	BS_CHOICE_HELP_IN_LIST,	  /* help counts beside other words */
	/* Not left open: whether needs are loaded on demand at all. What becomes of the answers
	 * without it tells what it changes. */
	BS_CHOICE_LAZYLOAD,
	BS_CHOICE_COUNT_
};
