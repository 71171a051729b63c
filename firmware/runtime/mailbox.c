#include "bss2/mailbox.h"

#include "bss2/addresses.h"

static uint32_t written;

void mailbox_clear(void)
{
	written = 0;
	*(volatile char *) MAILBOX = 0;
}

void mailbox_character(char character)
{
	volatile char *const text = (volatile char *) MAILBOX;
	if (written < MAILBOX_SIZE - 1u) {
		text[written++] = character;
		text[written] = 0;
	}
}

void mailbox_string(const char *text)
{
	while (*text) {
		mailbox_character(*text++);
	}
}

void mailbox_unsigned(uint32_t value)
{
	char digits[10];
	uint32_t count = 0;
	do {
		digits[count++] = (char) ('0' + value % 10u);
		value /= 10u;
	} while (value);
	while (count) {
		mailbox_character(digits[--count]);
	}
}

void mailbox_signed(int32_t value)
{
	if (value < 0) {
		mailbox_character('-');
		mailbox_unsigned(0u - (uint32_t) value);
	} else {
		mailbox_unsigned((uint32_t) value);
	}
}

void mailbox_hexadecimal(uint32_t value)
{
	mailbox_string("0x");
	for (uint32_t digit = 0; digit < 8u; ++digit) {
		uint32_t const nibble = value >> 28;
		mailbox_character((char) (nibble < 10u ? '0' + nibble : 'a' + nibble - 10u));
		value <<= 4;
	}
}
