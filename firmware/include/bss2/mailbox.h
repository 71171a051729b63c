/* Text for the host: the upper 4 KiB of SRAM (ppu-isa 6.7). Output beyond the end is dropped; the text is always
 * terminated by a zero byte. */
#pragma once

#include <stdint.h>

void mailbox_clear(void);
void mailbox_character(char character);
void mailbox_string(const char *text);
void mailbox_unsigned(uint32_t value);
void mailbox_signed(int32_t value);
void mailbox_hexadecimal(uint32_t value); /* 0x and eight digits */
