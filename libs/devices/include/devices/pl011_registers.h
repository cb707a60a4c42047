/*
 * Registers of Arm's PrimeCell UART (PL011): offsets and bits, for the model that
 * a guest sees and for the driver of the real one. Arm DDI 0183G, chapter 3.
 */
#ifndef DEVICES_PL011_REGISTERS_H
#define DEVICES_PL011_REGISTERS_H

enum pl011_register {
	PL011_DR = 0x000,    /* data; a read's bits 8..11 are errors */
	PL011_RSR = 0x004,   /* receive status; a write (ECR) clears */
	PL011_FR = 0x018,    /* flags */
	PL011_ILPR = 0x020,  /* IrDA low-power divisor */
	PL011_IBRD = 0x024,  /* integer baud rate divisor */
	PL011_FBRD = 0x028,  /* fractional baud rate divisor */
	PL011_LCR_H = 0x02c, /* line control */
	PL011_CR = 0x030,    /* control */
	PL011_IFLS = 0x034,  /* interrupt FIFO level select */
	PL011_IMSC = 0x038,  /* interrupt mask: 1 lets it through */
	PL011_RIS = 0x03c,   /* raw interrupt status */
	PL011_MIS = 0x040,   /* masked interrupt status */
	PL011_ICR = 0x044,   /* interrupt clear */
	PL011_DMACR = 0x048, /* DMA control */
	PL011_PERIPH_ID0 = 0xfe0, /* eight identification registers, one byte each */
	PL011_BYTES = 0x1000,
};

/* Characters in each FIFO, while they are on. */
#define PL011_FIFO_DEPTH 16u

#define PL011_ERROR_OVERRUN (1u << 3) /* in RSR; in DR at bit 11 */

/* Bits of FR (3.3.3). */
#define PL011_FR_CTS (1u << 0)
#define PL011_FR_DSR (1u << 1)
#define PL011_FR_DCD (1u << 2)
#define PL011_FR_BUSY (1u << 3)
#define PL011_FR_RXFE (1u << 4) /* receive FIFO empty */
#define PL011_FR_TXFF (1u << 5) /* transmit FIFO full */
#define PL011_FR_RXFF (1u << 6) /* receive FIFO full */
#define PL011_FR_TXFE (1u << 7) /* transmit FIFO empty */
#define PL011_FR_RI (1u << 8)

/* Bits of LCR_H (3.3.7). */
#define PL011_LCR_H_BRK (1u << 0)
#define PL011_LCR_H_FEN (1u << 4) /* FIFOs on; off: one character each way */
#define PL011_LCR_H_WLEN_8 (3u << 5)

/* Bits of CR (3.3.8). */
#define PL011_CR_UARTEN (1u << 0)
#define PL011_CR_LBE (1u << 7) /* loopback */
#define PL011_CR_TXE (1u << 8)
#define PL011_CR_RXE (1u << 9)
#define PL011_CR_DTR (1u << 10)
#define PL011_CR_RTS (1u << 11)
#define PL011_CR_OUT1 (1u << 12)
#define PL011_CR_OUT2 (1u << 13)

/* Bits of IMSC, RIS, MIS and ICR (3.3.10 to 3.3.13). */
#define PL011_INT_RX (1u << 4)
#define PL011_INT_TX (1u << 5)
#define PL011_INT_RT (1u << 6) /* receive timeout */
#define PL011_INT_OE (1u << 10)
#define PL011_INT_ALL 0x7ffu

#endif
