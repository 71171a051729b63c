/* The smallest program: writes a text to the mailbox and returns 42. */
#include "bss2/mailbox.h"

int main(void)
{
	mailbox_clear();
	mailbox_string("Hello from the plasticity processor\n");
	return 42;
}
