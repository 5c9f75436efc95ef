/* The work that is done behind every boundary, in C and in Rust: the same object code everywhere. */
#ifndef KERNELS_H
#define KERNELS_H

#include <stddef.h>
#include <stdint.h>

/* The number of an operation says what is done. */
enum kernel {
    KERNEL_NOP = 1,      /* answers nothing */
    KERNEL_COPY = 2,     /* answers the body */
    KERNEL_CHECKSUM = 3, /* answers 8 bytes: the checksum of the body */
    KERNEL_SPIN = 4,     /* does so many steps as the body says, 8 bytes; answers 8 bytes: where it got to */
    KERNEL_FAIL = 5,     /* is an error */
};

/* 64-bit numbers in bodies and answers are in the byte order of the machine. */
uint64_t kernel_checksum(const uint8_t *body, size_t len);
uint64_t kernel_spin(uint64_t steps);

/* The room that the answer may need. */
size_t kernel_room(uint32_t kernel, size_t len);

/* Writes the answer and returns its length; -1 for an error. */
ptrdiff_t kernel_run(uint32_t kernel, const uint8_t *body, size_t len, uint8_t *answer);

#endif
