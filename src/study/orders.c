/* SPDX-License-Identifier: MIT */
/* The orders of a plan's steps. */
#include "order.h"

#include <string.h>

/* Steps that stay together: a movable one and those behind it. */
struct blocks_of_steps {
	uint32_t n;	 /* movable steps; group 0 are those in front */
	uint32_t *group; /* by number of the step */
	uint8_t *needs;	 /* n x n: movable [i] has a step that refers to one of movable [k] */
};

static bool is_movable(const struct bs_step *step)
{
	return !step->block && (step->kind == BS_STEP_DLOPEN || step->kind == BS_STEP_DLMOPEN);
}

/* The step that STEP refers to, or 0. */
static uint32_t referred(const struct bs_step *step)
{
	switch (step->kind) {
	case BS_STEP_DLMOPEN:
	case BS_STEP_DLCLOSE:
		return step->of_step;
	case BS_STEP_DLSYM:
		return step->handle == BS_HANDLE_STEP ? step->of_step : 0;
	case BS_STEP_DLOPEN:
	case BS_STEP_CALL:
	case BS_STEP_KIND_COUNT_:
		break;
	}
	return 0;
}

static struct blocks_of_steps groups_of(struct bs_arena *arena, const struct bs_plan *plan,
					bs_ids *movable)
{
	struct blocks_of_steps g = { .group = bs_new(arena, uint32_t, plan->n_steps + 1) };

	for (uint32_t number = 1; number <= plan->n_steps; number++) {
		if (is_movable(&plan->steps[number - 1])) {
			bs_vec_push(arena, movable, number);
			g.n++;
		}
		g.group[number] = g.n;
	}
	g.needs = bs_new(arena, uint8_t, (size_t)g.n * g.n);
	for (uint32_t number = 1; number <= plan->n_steps; number++) {
		uint32_t of = referred(&plan->steps[number - 1]);

		/* What refers to a later step finds nothing in any order that keeps this. */
		if (of && of < number && g.group[of] && g.group[of] != g.group[number])
			g.needs[(size_t)(g.group[number] - 1) * g.n + g.group[of] - 1] = 1;
	}
	return g;
}

/* Movable step I may come when those in PLACED have come. */
static bool may_come(const struct blocks_of_steps *g, const uint8_t *placed, uint32_t i)
{
	for (uint32_t k = 0; k < g->n; k++)
		if (g->needs[(size_t)i * g->n + k] && !placed[k])
			return false;
	return true;
}

static void add(struct bs_orders *orders, const uint32_t *order, uint32_t n)
{
	uint32_t *copy = bs_new(orders->arena, uint32_t, n);

	memcpy(copy, order, n * sizeof *copy);
	bs_vec_push(orders->arena, &orders->list, copy);
}

struct permuting {
	struct bs_orders *orders;
	const struct blocks_of_steps *g;
	uint32_t *order;
	uint8_t *placed;
	uint32_t most;
};

/* All orders that begin with the first AT of P's, which are no dead end: the given order keeps all
 * needs. False when there are more than are wanted. */
static bool permute(struct permuting *p, uint32_t at)
{
	if (at == p->g->n) {
		if (p->orders->list.n == p->most)
			return false;
		add(p->orders, p->order, p->g->n);
		return true;
	}
	for (uint32_t i = 0; i < p->g->n; i++) {
		if (p->placed[i] || !may_come(p->g, p->placed, i))
			continue;
		p->placed[i] = 1;
		p->order[at] = i;
		bool ok = permute(p, at + 1);

		p->placed[i] = 0;
		if (!ok)
			return false;
	}
	return true;
}

/* I and K first, the others behind them. False: that is no order to be tried. */
static bool put_first(const struct blocks_of_steps *g, uint32_t i, uint32_t k, uint32_t *order,
		      uint8_t *placed)
{
	uint32_t n = 2;

	memset(placed, 0, g->n);
	if (!may_come(g, placed, i))
		return false;
	placed[i] = 1;
	if (!may_come(g, placed, k))
		return false;
	order[0] = i;
	order[1] = k;
	for (uint32_t m = 0; m < g->n; m++)
		if (m != i && m != k)
			order[n++] = m;
	return true;
}

static void add_pairs(struct bs_orders *orders, const struct blocks_of_steps *g, uint32_t *order,
		      uint8_t *placed)
{
	for (uint32_t i = 0; i < g->n; i++)
		order[i] = i;
	add(orders, order, g->n);
	for (uint32_t i = 0; i < g->n; i++)
		for (uint32_t k = i + 1; k < g->n; k++) {
			if (orders->list.n >= BS_MOST_PAIR_ORDERS) {
				orders->untried += 2;
				continue;
			}
			if (!put_first(g, i, k, order, placed))
				orders->left_out++;
			else if (i || k > 1)
				add(orders, order, g->n);
			if (!put_first(g, k, i, order, placed))
				orders->left_out++;
			else
				add(orders, order, g->n);
		}
}

static uint64_t factorial(uint32_t n)
{
	uint64_t product = 1;

	for (uint32_t i = 2; i <= n; i++)
		if (__builtin_mul_overflow(product, (uint64_t)i, &product))
			return UINT64_MAX;
	return product;
}

struct bs_orders bs_orders_of(struct bs_arena *arena, const struct bs_plan *plan, uint32_t most)
{
	struct bs_orders orders = { .arena = arena, .plan = plan };
	const struct blocks_of_steps g = groups_of(arena, plan, &orders.movable);
	uint32_t *order = bs_new(arena, uint32_t, g.n + 2);
	uint8_t *placed = bs_new(arena, uint8_t, g.n);
	struct permuting p = {
		.orders = &orders, .g = &g, .order = order, .placed = placed, .most = most
	};

	orders.possible = factorial(g.n);
	orders.all = permute(&p, 0);
	if (orders.all) {
		orders.left_out = orders.possible - orders.list.n;
		return orders;
	}
	orders.list.n = 0;
	add_pairs(&orders, &g, order, placed);
	return orders;
}

struct bs_orders bs_orders_of_pair(struct bs_arena *arena, const struct bs_plan *plan)
{
	struct bs_orders orders = { .arena = arena, .plan = plan, .all = true, .possible = 2 };
	static const uint32_t given[] = { 0, 1 }, swapped[] = { 1, 0 };

	bs_vec_push(arena, &orders.movable, plan->n_steps - 1);
	bs_vec_push(arena, &orders.movable, plan->n_steps);
	bs_vec_push(arena, &orders.list, given);
	bs_vec_push(arena, &orders.list, swapped);
	return orders;
}

struct bs_orders bs_orders_as_given(struct bs_arena *arena, const struct bs_plan *plan)
{
	struct bs_orders orders = { .arena = arena, .plan = plan, .all = true, .possible = 1 };

	bs_vec_push(arena, &orders.list, NULL);
	return orders;
}

bool bs_orders_move(struct bs_arena *arena, const struct bs_plan *plan, uint32_t step,
		    uint32_t before, struct bs_orders *ret)
{
	struct bs_orders orders = { .arena = arena, .plan = plan, .all = true, .possible = 1 };
	const struct blocks_of_steps g = groups_of(arena, plan, &orders.movable);
	uint32_t *order = bs_new(arena, uint32_t, g.n), n = 0;
	uint8_t *placed = bs_new(arena, uint8_t, g.n);

	for (uint32_t i = 0; i < g.n; i++) {
		if (orders.movable.v[i] == before)
			order[n++] = g.group[step] - 1;
		if (orders.movable.v[i] != step)
			order[n++] = i;
	}
	bs_vec_push(arena, &orders.list, order);
	*ret = orders;
	for (uint32_t i = 0; i < g.n; i++) {
		if (!may_come(&g, placed, order[i]))
			return false;
		placed[order[i]] = 1;
	}
	return true;
}

/* How many steps move with the movable step [I]. */
static uint32_t group_length(const struct bs_orders *orders, uint32_t i)
{
	const bs_ids *movable = &orders->movable;

	return (i + 1 < movable->n ? movable->v[i + 1] : orders->plan->n_steps + 1) - movable->v[i];
}

const uint32_t *bs_orders_plan(const struct bs_orders *orders, uint32_t at, struct bs_arena *arena,
			       struct bs_plan *ret)
{
	const struct bs_plan *plan = orders->plan;
	uint32_t in_front = orders->movable.n ? orders->movable.v[0] - 1 : plan->n_steps;
	uint32_t *names = bs_new(arena, uint32_t, plan->n_steps + 1); /* by new number */
	uint32_t *numbers = bs_new(arena, uint32_t, plan->n_steps + 1);
	struct bs_step *steps = bs_new(arena, struct bs_step, plan->n_steps);
	uint32_t n = 0;

	for (uint32_t k = 0; k < in_front; k++)
		names[++n] = k + 1;
	for (uint32_t i = 0; i < orders->movable.n; i++) {
		uint32_t place = orders->list.v[at][i];

		for (uint32_t k = 0; k < group_length(orders, place); k++)
			names[++n] = orders->movable.v[place] + k;
	}
	for (uint32_t i = 1; i <= n; i++)
		numbers[names[i]] = i;
	for (uint32_t i = 1; i <= n; i++) {
		steps[i - 1] = plan->steps[names[i] - 1];
		if (referred(&steps[i - 1]) && steps[i - 1].of_step <= n)
			steps[i - 1].of_step = numbers[steps[i - 1].of_step];
	}
	*ret = *plan;
	ret->steps = steps;
	return names;
}
