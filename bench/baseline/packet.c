/* The port program of the tutorials: {packet, 4} on stdin and stdout, one request after another. A request is the number
 * of a kernel in a byte and a body, an answer 0 and what the kernel says, or 1.
 *
 * `packet` reads a head, reads a body, and writes an answer, as tutorials do. `packet buffered` reads what is there, and
 * writes all answers to it at once. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernels.h"

enum { HEAD = 4, BUFFERED = 65536 };

static int buffered;
static uint8_t in[BUFFERED], out[BUFFERED];
static size_t in_from, in_to, out_len;

static int write_all(const uint8_t *from, size_t len)
{
    while (len > 0) {
        ssize_t put = write(STDOUT_FILENO, from, len);
        if (put <= 0)
            return 0;
        from += put;
        len -= (size_t)put;
    }
    return 1;
}

static int flush(void)
{
    size_t len = out_len;

    out_len = 0;
    return write_all(out, len);
}

static int put(const uint8_t *packet, size_t len)
{
    if (!buffered)
        return write_all(packet, len);
    if (out_len + len > BUFFERED && !flush())
        return 0;
    if (len > BUFFERED)
        return write_all(packet, len);
    memcpy(out + out_len, packet, len);
    out_len += len;
    return 1;
}

/* Answers leave when there is nothing left to read. */
static int fill(void)
{
    if (!flush())
        return 0;
    ssize_t got = read(STDIN_FILENO, in, BUFFERED);
    if (got <= 0)
        return 0;
    in_from = 0;
    in_to = (size_t)got;
    return 1;
}

static int get(uint8_t *to, size_t len)
{
    while (len > 0) {
        size_t got = in_to - in_from;
        if (buffered && got == 0) {
            if (!fill())
                return 0;
            continue;
        }
        if (got > 0) {
            got = got < len ? got : len;
            memcpy(to, in + in_from, got);
            in_from += got;
        } else {
            ssize_t direct = read(STDIN_FILENO, to, len);
            if (direct <= 0)
                return 0;
            got = (size_t)direct;
        }
        to += got;
        len -= got;
    }
    return 1;
}

static size_t length(const uint8_t *head)
{
    return (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
}

/* Head, status and answer leave in one write. */
static int serve(const uint8_t *request, size_t len, uint8_t *packet)
{
    ptrdiff_t written = kernel_run(request[0], request + 1, len - 1, packet + HEAD + 1);
    uint32_t answer = written < 0 ? 1 : 1 + (uint32_t)written;

    for (int byte = 0; byte < HEAD; byte++)
        packet[byte] = (uint8_t)(answer >> (24 - 8 * byte));
    packet[HEAD] = written < 0;
    return put(packet, HEAD + answer);
}

int main(int argc, char **argv)
{
    uint8_t head[HEAD], *request = NULL, *packet = NULL;
    size_t room = 0;

    buffered = argc > 1 && strcmp(argv[1], "buffered") == 0;
    while (get(head, HEAD)) {
        size_t len = length(head);
        if (len > room || packet == NULL) {
            room = len + sizeof(uint64_t);
            request = realloc(request, room);
            packet = realloc(packet, HEAD + 1 + room);
        }
        if (len == 0 || request == NULL || packet == NULL || !get(request, len) || !serve(request, len, packet))
            return 1;
    }
    return 0;
}
