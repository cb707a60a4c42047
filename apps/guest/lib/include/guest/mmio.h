/*
 * Accesses to device registers, one instruction each, in the one form whose syndrome tells a hypervisor everything:
 * base register, no write-back. Also the addresses of the machine's devices: those of QEMU's `virt`.
 */
#ifndef GUEST_MMIO_H
#define GUEST_MMIO_H

#include <stdint.h>

#define GICD_BASE 0x08000000ull
#define GICR_BASE 0x080a0000ull
#define GICR_STRIDE 0x20000ull
#define UART_BASE 0x09000000ull
#define RTC_BASE 0x09010000ull
#define RAM_BASE 0x40000000ull

/* Nothing answers here: between the virtio transports and the platform bus. */
#define NOTHING_BASE 0x0b000000ull

#define INTID_UART 33u
#define INTID_RTC 34u

static inline uint8_t mmio_read8(uint64_t address)
{
	uint32_t value;
	__asm__ volatile("ldrb %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
	return (uint8_t)value;
}

static inline uint16_t mmio_read16(uint64_t address)
{
	uint32_t value;
	__asm__ volatile("ldrh %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
	return (uint16_t)value;
}

static inline uint32_t mmio_read32(uint64_t address)
{
	uint32_t value;
	__asm__ volatile("ldr %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
	return value;
}

static inline uint64_t mmio_read64(uint64_t address)
{
	uint64_t value;
	__asm__ volatile("ldr %0, [%1]" : "=r"(value) : "r"(address) : "memory");
	return value;
}

static inline void mmio_write8(uint64_t address, uint8_t value)
{
	__asm__ volatile("strb %w0, [%1]" : : "rZ"((uint32_t)value), "r"(address) : "memory");
}

static inline void mmio_write16(uint64_t address, uint16_t value)
{
	__asm__ volatile("strh %w0, [%1]" : : "rZ"((uint32_t)value), "r"(address) : "memory");
}

static inline void mmio_write32(uint64_t address, uint32_t value)
{
	__asm__ volatile("str %w0, [%1]" : : "rZ"(value), "r"(address) : "memory");
}

static inline void mmio_write64(uint64_t address, uint64_t value)
{
	__asm__ volatile("str %x0, [%1]" : : "rZ"(value), "r"(address) : "memory");
}

#endif
