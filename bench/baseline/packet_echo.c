/* The port program of the tutorials: {packet, 4} on stdin and stdout, each packet sent back. */
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

enum { HEAD = 4 };

static int read_exact(uint8_t *to, size_t len)
{
    while (len > 0) {
        ssize_t got = read(STDIN_FILENO, to, len);
        if (got <= 0)
            return 0;
        to += got;
        len -= (size_t)got;
    }
    return 1;
}

static int write_exact(const uint8_t *from, size_t len)
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

int main(void)
{
    size_t room = HEAD + 65536;
    uint8_t *packet = malloc(room);

    while (packet != NULL && read_exact(packet, HEAD)) {
        size_t len = (size_t)packet[0] << 24 | (size_t)packet[1] << 16 | (size_t)packet[2] << 8 | packet[3];
        if (HEAD + len > room) {
            room = HEAD + len;
            packet = realloc(packet, room);
        }
        /* Head and body leave in one write. */
        if (packet == NULL || !read_exact(packet + HEAD, len) || !write_exact(packet, HEAD + len))
            return 1;
    }
    return 0;
}
