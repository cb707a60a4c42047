/*
 * A function's configuration space (PCI Local Bus 3.0, chapter 6; ECAM: PCI Express Base 4.0, section 7.2.2): a page of
 * registers; linux/pci_regs.h has their offsets. The only accesses to it are these; a machine's are in config.c.
 */
#ifndef PCI_CONFIG_H
#define PCI_CONFIG_H

#include <stdint.h>

#include <linux/pci_regs.h>

#define CONFIG_BYTES 256u /* of the page; the capabilities of PCI Express behind them are of no use here */
#define CONFIG_NOBODY 0xffffu /* vendor where there is no function */
#define CONFIG_HOST_BRIDGE 0x0600u /* base class and subclass */

/* A register of 1, 2 or 4 bytes, at a multiple of that. */
uint32_t config_read(const volatile uint8_t *config, uint32_t offset, uint32_t bytes);
void config_write(volatile uint8_t *config, uint32_t offset, uint32_t bytes, uint32_t value);

#endif
