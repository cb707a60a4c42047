/*
 * HVC and SMC that nobody knows, by the SMC Calling Convention 1.1 (Arm DEN 0028): the answer is NOT_SUPPORTED, x4 to
 * x17 and all callee-saved registers are kept, and so are the vectors.
 *
 * On plain QEMU without EL2 and EL3, PSCI's conduit HVC is answered by the emulator and SMC is undefined.
 */
#include "exits.h"

#include <guest/boot.h>
#include <guest/exception.h>
#include <guest/smccc.h>
#include <guest/tap.h>

void hvc_keeps(uint64_t function, uint64_t out[31]);

static void check_unknown(const char *name, struct smccc_result (*call)(uint64_t, uint64_t, uint64_t, uint64_t))
{
	static const struct {
		const char *what;
		uint64_t function;
	} cases[] = {
		{"Arm architecture service", 0x8000ffffu},
		{"CPU service", 0x81000000u},
		{"SiP service", 0xc2000000u},
		{"OEM service", 0xc3001234u},
		{"standard secure service", 0x8400ffffu},
		{"standard hypervisor service", 0xc5000000u},
		{"vendor hypervisor service", 0xc600ffffu},
		{"trusted application", 0xb0000000u},
		{"trusted OS", 0xff000000u},
		{"yielding call", 0x00000001u},
		{"reserved bits", 0xc4ff0000u},
	};
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct smccc_result r = call(cases[i].function, 1, 2, 3);
		tap_ok((int32_t)r.x[0] == SMCCC_NOT_SUPPORTED, "%s, unknown %s (0x%llx): not supported", name,
		       cases[i].what, (unsigned long long)cases[i].function);
	}
}

static void check_kept(void)
{
	uint64_t out[31];
	bool kept = true;

	hvc_keeps(PSCI_VERSION, out);
	for (unsigned n = 4; n < 31; n++) {
		if (out[n] != 0x5a5a000000000000ull + n) {
			tap_note("x%u became 0x%llx", n, (unsigned long long)out[n]);
			kept = false;
		}
	}
	tap_ok(kept, "a call keeps x4..x30");
}

static void check_discovery(void)
{
	int64_t version = psci_call(SMCCC_VERSION, 0, 0, 0);
	if (boot_has("native")) {
		tap_skip("SMCCC version", "QEMU's own PSCI has no SMCCC_VERSION");
		return;
	}
	tap_ok(version >= 0x10001, "SMCCC version is at least 1.1 (0x%llx)", (unsigned long long)version);
	tap_is((uint64_t)psci_call(SMCCC_ARCH_FEATURES, SMCCC_VERSION, 0, 0), 0, "SMCCC_VERSION is a feature");
	tap_is((uint64_t)psci_call(SMCCC_ARCH_FEATURES, SMCCC_ARCH_FEATURES, 0, 0), 0,
	       "SMCCC_ARCH_FEATURES is a feature");
	tap_ok(psci_call(SMCCC_ARCH_FEATURES, 0x8000abcdu, 0, 0) == SMCCC_NOT_SUPPORTED, "an unknown feature isn't");
}

void test_hypercall(void)
{
	tap_note("hypercalls and firmware calls");
	check_unknown("HVC", smccc_hvc);
	check_kept();
	check_discovery();

	/* A non-zero immediate is nobody's interface: refused or undefined, never anything else. */
	catch_begin();
	register uint64_t x0 __asm__("x0") = 0x86001234u;
	__asm__ volatile("hvc #0x1234" : "+r"(x0) : : "x1", "x2", "x3", "memory");
	uint64_t answer = x0;
	struct caught c = catch_end();
	tap_ok((c.count == 1 && esr_class(c.esr) == EC_UNKNOWN) || (int32_t)answer == SMCCC_NOT_SUPPORTED,
	       "HVC with an immediate is refused");

	if (boot_has("native")) {
		catch_begin();
		(void)smccc_smc(PSCI_VERSION, 0, 0, 0);
		c = catch_end();
		tap_ok(c.count == 1 && esr_class(c.esr) == EC_UNKNOWN, "SMC without EL2 and EL3 is undefined");
		return;
	}
	check_unknown("SMC", smccc_smc);
	tap_ok((int32_t)smccc_smc(PSCI_VERSION, 0, 0, 0).x[0] >= 0x10000, "PSCI answers by SMC");
	tap_ok((int32_t)smccc_hvc(PSCI_VERSION, 0, 0, 0).x[0] >= 0x10000, "PSCI answers by HVC");
}
