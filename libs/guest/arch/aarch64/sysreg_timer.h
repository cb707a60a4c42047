/* CNTPCT_EL0 and CNTP_*_EL0, for sysreg.c. */
#ifndef GUEST_SYSREG_TIMER_H
#define GUEST_SYSREG_TIMER_H

#include <guest/sysreg.h>

uint64_t timer_read(struct guest *guest, uint32_t vcpu, uint32_t encoding, uint64_t *value);
uint64_t timer_write(struct guest *guest, uint32_t vcpu, uint32_t encoding, uint64_t value);

#endif
