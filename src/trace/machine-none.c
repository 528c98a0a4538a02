/* SPDX-License-Identifier: MIT */
/* A machine that nobody wrote down yet: nothing can be traced on it. */
#include "machine-priv.h"

const struct bs_machine bs_machine = { .can_trace = false };

bool bs_machine_read(pid_t tid, struct bs_registers *ret)
{
	(void)tid;
	*ret = (struct bs_registers){ 0 };
	return false;
}

bool bs_machine_emulate(pid_t tid, const struct bs_memory *memory, uint64_t pc,
			const unsigned char *first)
{
	(void)tid;
	(void)memory;
	(void)pc;
	(void)first;
	return false;
}

bool bs_machine_set_pc(pid_t tid, uint64_t pc)
{
	(void)tid;
	(void)pc;
	return false;
}

bool bs_machine_way_back(pid_t tid, const struct bs_memory *memory, uint64_t *ret_pc,
			 uint64_t *ret_sp)
{
	(void)tid;
	(void)memory;
	*ret_pc = *ret_sp = 0;
	return false;
}
