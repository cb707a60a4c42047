/*
 * From the boot image to a running system (sk/boot.h): everything is made, then
 * everything is started.
 */
#ifndef SUPERVISOR_BOOT_H
#define SUPERVISOR_BOOT_H

/* Once. What can't be made is said and left out; what nothing works without ends in the machine being switched off. */
void boot_system(void);

#endif
