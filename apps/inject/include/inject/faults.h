/*
 * Types of faults: what each needs of its target, how its place is drawn, how it is made, and how it is taken
 * back when nobody noticed it, so that the next fault meets a healthy system.
 */
#ifndef INJECT_FAULTS_H
#define INJECT_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

#include <sk/abi.h>
#include <sk/idl/supervisor.h>

#include <inject/draw.h>

struct fault_type;

/* One fault, drawn; and what is needed to look at it afterwards. */
struct fault {
	const struct fault_type *type;
	uint32_t target;
	uint64_t place; /* address in the target, or 0 */
	uint64_t clear; /* bits of the word or register */
	uint64_t flip;
	uint32_t register_number; /* where a register is changed; otherwise FAULT_NO_REGISTER */
	uint64_t delay_ns;
	uint32_t instance; /* of the target */
	uint64_t before;   /* the word's value */
};

#define FAULT_NO_REGISTER 99u

struct fault_type {
	const char *name;
	/* Draws place and value. False: this target has nothing of the kind (at the moment). */
	bool (*draw)(struct fault *fault, struct draw *draw);
	sk_status_t (*make)(struct fault *fault);
	/* What became of it, in a word, for the record; takes back what can be. */
	const char *(*end)(struct fault *fault);
};

/* Ended by a type without a name. */
extern const struct fault_type fault_types[];

/* Capabilities to the supervisor, once at start. */
void faults_open(sk_cap_t operator_cap, sk_cap_t injection_cap);

/* There is a guest that, when this line is asserted, is hostile to the device of server number `server`. */
void faults_order(sk_cap_t virq, uint32_t server);

#endif
