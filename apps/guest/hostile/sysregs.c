/*
 * Every encoding of MRS, MSR and SYS: what exists, what is trapped, what is nobody's.
 *
 * Each instruction is put together in memory and called with exceptions caught. Reads: all 32,768. Writes: all but the
 * few registers that our own running depends on (translation, vectors, stack, PSTATE). System instructions: all, on
 * an address of ours.
 */
#include "hostile.h"

#include <guest/boot.h>
#include <guest/exception.h>
#include <guest/gic.h>
#include <guest/mmu.h>
#include <guest/tap.h>
#include <guest/timer.h>

#define MRS_X0 0xd5300000u /* op0 is 2 or 3: bit 20 is always 1 */
#define MSR_X0 0xd5100000u
#define SYS_X0 0xd5080000u /* op0 is 1 */
#define RET 0xd65f03c0u

#define BATCH 256u

static uint32_t code[BATCH + 1] __attribute__((aligned(64)));
static char victim[4096] __attribute__((aligned(4096)));

struct encoding {
	unsigned op0, op1, crn, crm, op2;
};

static uint32_t fields(struct encoding e)
{
	return (e.op0 & 1u) << 19 | e.op1 << 16 | e.crn << 12 | e.crm << 8 | e.op2 << 5;
}

/* Runs the first `count` instructions of `code` with x0 = value at the first; exceptions are in `c`. */
static void run(unsigned count, uint64_t value, struct caught *c)
{
	register uint64_t x0 __asm__("x0") = value;

	code[count] = RET;
	cache_clean(code, sizeof(code));
	__asm__ volatile("ic iallu\n\tdsb ish\n\tisb" : : : "memory");
	catch_begin();
	x0 = value;
	__asm__ volatile("blr %1" : "+r"(x0) : "r"(code) : "x30", "cc", "memory");
	*c = catch_end();
	/* A write may have let interrupts in. */
	__asm__ volatile("msr daifset, #0xf" : : : "memory");
}

/* Written, these would take the ground from under us. */
static bool vital(struct encoding e)
{
	if (e.op0 == 2) {
		return false;
	}
	switch (e.crn) {
	case 1:
		return e.op1 == 0 && e.crm == 0 && e.op2 != 1; /* SCTLR, CPACR */
	case 2:
		return true; /* TTBRs, TCR, keys */
	case 4:
		return !(e.crm == 6 && e.op1 == 0); /* SPSR, ELR, SPs, PSTATE; PMR isn't */
	case 10:
		return e.crm == 2; /* MAIR */
	case 12:
		return e.crm == 0; /* VBAR, RVBAR, RMR */
	case 13:
		return e.op1 == 0 && e.op2 == 4; /* TPIDR_EL1 */
	case 14:
		/*
		 * CNTFRQ, writable at the highest EL; and CNTV_CVAL, which would hang QEMU (7.2) itself: it adds
		 * CNTVOFF to it without looking for an overflow, and then has a timer that is for ever due.
		 */
		return e.op1 == 3 && ((e.crm == 0 && e.op2 == 0) || (e.crm == 3 && e.op2 == 2));
	default:
		return false;
	}
}

static struct encoding split(unsigned number)
{
	return (struct encoding){
		.op0 = 2u + (number >> 14 & 1u),
		.op1 = number >> 11 & 7u,
		.crn = number >> 7 & 15u,
		.crm = number >> 3 & 15u,
		.op2 = number & 7u,
	};
}

/* Exceptions that reading and writing system registers may end in. */
#define REGISTER_CLASSES \
	(1ull << EC_UNKNOWN | 1ull << EC_SYSREG | 1ull << EC_FP | 1ull << EC_SVE | 1ull << EC_SME)
/* And for system instructions, a fault on their address. */
#define SYSTEM_CLASSES (REGISTER_CLASSES | 1ull << EC_DATA_ABORT)

/* Instructions of a batch, each on its own, to name those that ended in something else. */
static uint64_t name_strange(const uint32_t *batch, unsigned count, uint64_t value, uint64_t classes)
{
	uint64_t strange = 0;
	struct caught c;

	for (unsigned i = 0; i < count; i++) {
		code[0] = batch[i];
		run(1, value, &c);
		if (c.count > 1 || (c.classes & ~classes) != 0) {
			strange++;
			tap_note("instruction 0x%08x: %u exceptions, esr 0x%llx", batch[i], c.count,
				 (unsigned long long)c.esr);
		}
	}
	return strange;
}

/*
 * All encodings `first` to `last` - 1, made by `base`, but those that `spared` names. Returns how many ended
 * strangely; `raised` gets the number of exceptions.
 */
static uint64_t sweep(uint32_t base, unsigned first, unsigned last, bool (*spared)(struct encoding), uint64_t classes,
		      struct random *random, uint64_t *raised)
{
	static uint32_t batch[BATCH];
	uint64_t strange = 0;
	struct caught c;

	*raised = 0;
	for (unsigned number = first; number < last;) {
		unsigned count = 0;
		for (; number < last && count < BATCH; number++) {
			struct encoding e = split(number);
			if (!spared(e)) {
				batch[count] = base | fields(e);
				code[count] = batch[count];
				count++;
			}
		}
		uint64_t r = random_next(random);
		uint64_t value = base == SYS_X0 ? (uint64_t)victim : (r & 3u) == 0 ? 0 : (r & 3u) == 1 ? ~0ull : r;
		run(count, value, &c);
		*raised += c.count;
		if (c.count > count || (c.classes & ~classes) != 0) {
			strange += 1 + name_strange(batch, count, value, classes);
		}
	}
	return strange;
}

static bool none(struct encoding e)
{
	(void)e;
	return false;
}

/* DC ISW would drop dirty lines of our own, DC IVAC one of them. */
static bool destructive(struct encoding e)
{
	return e.crn == 7 && e.crm == 6 && e.op1 == 0;
}

void hostile_sysregs(struct random *random)
{
	uint64_t undefined;
	uint64_t midr = READ_SYSREG(midr_el1);
	uint64_t mpidr = READ_SYSREG(mpidr_el1);
	uint64_t pfr0 = READ_SYSREG(id_aa64pfr0_el1);

	uint64_t strange = sweep(MRS_X0, 0, 32768u, none, REGISTER_CLASSES, random, &undefined);
	recover();
	tap_is(strange, 0, "all 32768 system registers can be read or are undefined (%llu are)",
	       (unsigned long long)undefined);
	tap_ok(undefined > 16384u, "most are undefined");
	strange = sweep(MSR_X0, 0, 32768u, vital, REGISTER_CLASSES, random, &undefined);
	recover();
	tap_is(strange, 0, "all but the vital ones can be written or are undefined (%llu are)",
	       (unsigned long long)undefined);
	strange = sweep(SYS_X0, 0, 16384u, destructive, SYSTEM_CLASSES, random, &undefined);
	recover();
	tap_is(strange, 0, "all system instructions end");
	tap_ok(midr == READ_SYSREG(midr_el1) && mpidr == READ_SYSREG(mpidr_el1) && pfr0 == READ_SYSREG(id_aa64pfr0_el1),
	       "the identification is what it was");
}
