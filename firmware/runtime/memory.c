/* The four functions a compiler may call even for a program without a library. */
#include <stddef.h>

void *memset(void *target, int value, size_t size)
{
	unsigned char *byte = target;
	while (size--) {
		*byte++ = (unsigned char) value;
	}
	return target;
}

void *memcpy(void *restrict target, const void *restrict source, size_t size)
{
	unsigned char *to = target;
	unsigned char const *from = source;
	while (size--) {
		*to++ = *from++;
	}
	return target;
}

void *memmove(void *target, const void *source, size_t size)
{
	unsigned char *to = target;
	unsigned char const *from = source;
	if (to < from) {
		return memcpy(target, source, size);
	}
	while (size--) {
		to[size] = from[size];
	}
	return target;
}

int memcmp(const void *left, const void *right, size_t size)
{
	unsigned char const *a = left, *b = right;
	for (; size--; ++a, ++b) {
		if (*a != *b) {
			return *a - *b;
		}
	}
	return 0;
}
