/*
 * A Linkspan service in C: counts what it is told, by name, and tells its owner when one has been counted often.
 *
 * Start argument: how often is often, a decimal number; none for never.
 *   add    counts the name in the body, and answers how often it has been so far; also as a cast
 *   get    how often it has been; error 1 if never
 *   list   all names, "NAME COUNT\n" each
 *   stamp  of "BITS NAME": a number that makes a hash of NAME begin with so many zero bits. The more, the longer it takes:
 *          with 64 until somebody cancels it
 */
#include "linkspan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ADD = 1, GET, LIST, STAMP };
enum { NEVER_COUNTED = 1, NO_MEMORY, CANCELLED };

#define LONGEST_NAME 64

struct entry {
    struct entry *next;
    uint64_t count;
    size_t len;
    uint8_t name[LONGEST_NAME];
};

struct tally {
    uint64_t often;
    struct entry *entries;
};

/* Errors: what is wrong, in a string literal, which lives for ever and needs no `free`. */
static LinkspanStatus refuse(LinkspanReply *reply, LinkspanStatus status, uint32_t code, const char *message)
{
    reply->code = code;
    reply->buffer = (LinkspanBuffer){ .data = (const uint8_t *)message, .len = strlen(message) };
    return status;
}

/* A short answer goes into the host's room, if there is enough. */
static LinkspanStatus answer(LinkspanReply *reply, const void *bytes, size_t len)
{
    if (len <= reply->inline_capacity) {
        memcpy(reply->inline_data, bytes, len);
        reply->inline_len = len;
        return LINKSPAN_OK_INLINE;
    }
    void *copy = malloc(len);
    if (copy == NULL)
        return refuse(reply, LINKSPAN_FAILED, NO_MEMORY, "out of memory");
    memcpy(copy, bytes, len);
    reply->buffer = (LinkspanBuffer){ .data = copy, .len = len, .owner = copy, .free = free };
    return LINKSPAN_OK_BUFFER;
}

static LinkspanStatus answer_number(LinkspanReply *reply, uint64_t number)
{
    char digits[24];
    return answer(reply, digits, (size_t)snprintf(digits, sizeof digits, "%" PRIu64, number));
}

/* Reads a decimal number at the beginning of lent bytes; returns how many of them it has. They do not end with a zero. */
static size_t read_number(LinkspanSlice slice, uint64_t *number)
{
    size_t i = 0;
    for (*number = 0; i < slice.len && i < 18 && slice.data[i] >= '0' && slice.data[i] <= '9'; i++)
        *number = *number * 10 + (slice.data[i] - '0');
    return i;
}

static struct entry *find(struct tally *tally, LinkspanSlice name)
{
    struct entry *entry = tally->entries;
    while (entry != NULL && (entry->len != name.len || memcmp(entry->name, name.data, name.len) != 0))
        entry = entry->next;
    return entry;
}

static LinkspanStatus add(struct tally *tally, LinkspanSlice name, const LinkspanContext *context, LinkspanReply *reply)
{
    struct entry *entry = find(tally, name);
    if (entry == NULL) {
        entry = calloc(1, sizeof *entry);
        if (entry == NULL)
            return refuse(reply, LINKSPAN_FAILED, NO_MEMORY, "out of memory");
        entry->len = name.len;
        memcpy(entry->name, name.data, name.len);
        entry->next = tally->entries;
        tally->entries = entry;
    }
    if (++entry->count == tally->often) {
        /* The event outlives this call, and the entry perhaps not: a copy, which the host frees. */
        uint8_t *copy = malloc(entry->len);
        if (copy != NULL) {
            memcpy(copy, entry->name, entry->len);
            context->emit(context->data, (LinkspanBuffer){ copy, entry->len, copy, free });
        }
    }
    return answer_number(reply, entry->count);
}

static LinkspanStatus list(const struct tally *tally, LinkspanReply *reply)
{
    size_t room = 1, len = 0;
    for (const struct entry *entry = tally->entries; entry != NULL; entry = entry->next)
        room += entry->len + 24;
    char *text = malloc(room);
    if (text == NULL)
        return refuse(reply, LINKSPAN_FAILED, NO_MEMORY, "out of memory");
    for (const struct entry *entry = tally->entries; entry != NULL; entry = entry->next) {
        memcpy(text + len, entry->name, entry->len);
        len += entry->len;
        len += (size_t)snprintf(text + len, room - len, " %" PRIu64 "\n", entry->count);
    }
    /* Handed over as it is: the host calls free(text) when it has no more use for it. */
    reply->buffer = (LinkspanBuffer){ .data = (uint8_t *)text, .len = len, .owner = text, .free = free };
    return LINKSPAN_OK_BUFFER;
}

/* FNV-1a, stirred, so that the first bits depend on the last bytes. */
static uint64_t hash(LinkspanSlice name, uint64_t number)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < name.len; i++)
        hash = (hash ^ name.data[i]) * UINT64_C(0x100000001b3);
    hash = (hash ^ number) * UINT64_C(0x9e3779b97f4a7c15);
    return (hash ^ (hash >> 32)) * UINT64_C(0xd6e8feb86659fd93);
}

static LinkspanStatus stamp(LinkspanSlice body, const LinkspanContext *context, LinkspanReply *reply)
{
    uint64_t bits, number;
    size_t digits = read_number(body, &bits);
    if (digits == 0 || bits > 64 || digits == body.len || body.data[digits] != ' ')
        return refuse(reply, LINKSPAN_BAD_REQUEST, 0, "the body is to be BITS NAME, with at most 64 bits");
    LinkspanSlice name = { body.data + digits + 1, body.len - digits - 1 };
    for (number = 0; bits > 0 && hash(name, number) >> (64 - bits) != 0; number++)
        /* Not each time: asking costs more than the hash. */
        if (number % 4096 == 0 && context->is_cancelled(context->data))
            return refuse(reply, LINKSPAN_FAILED, CANCELLED, "cancelled");
    return answer_number(reply, number);
}

static LinkspanStatus start(LinkspanSlice argument, const LinkspanContext *context, void **state, LinkspanReply *reply)
{
    (void)context;
    uint64_t often;
    if (read_number(argument, &often) != argument.len)
        return refuse(reply, LINKSPAN_BAD_REQUEST, 0, "the argument is to be a decimal number");
    struct tally *tally = calloc(1, sizeof *tally);
    if (tally == NULL)
        return refuse(reply, LINKSPAN_FAILED, NO_MEMORY, "out of memory");
    tally->often = often;
    *state = tally;
    return answer(reply, "", 0);
}

static LinkspanStatus call(void *state, const LinkspanRequest *request, const LinkspanContext *context,
                           LinkspanReply *reply)
{
    struct tally *tally = state;
    struct entry *entry;
    if (request->operation == STAMP)
        return stamp(request->body, context, reply);
    if (request->body.len > LONGEST_NAME)
        return refuse(reply, LINKSPAN_BAD_REQUEST, 0, "a name has at most 64 bytes");
    switch (request->operation) {
    case ADD:
        return add(tally, request->body, context, reply);
    case GET:
        entry = find(tally, request->body);
        return entry ? answer_number(reply, entry->count)
                     : refuse(reply, LINKSPAN_FAILED, NEVER_COUNTED, "never counted");
    case LIST:
        return list(tally, reply);
    default:
        return LINKSPAN_UNKNOWN_OPERATION;
    }
}

static void stop(void *state, const LinkspanContext *context, uint8_t panicked)
{
    (void)context, (void)panicked;
    struct tally *tally = state;
    while (tally->entries != NULL) {
        struct entry *entry = tally->entries;
        tally->entries = entry->next;
        free(entry);
    }
    free(tally);
}

/* Names are few: add and get are done in no time. How long a list is depends: the host finds out. */
static uint8_t cost(uint32_t operation, size_t body_len)
{
    (void)body_len;
    return operation == STAMP ? LINKSPAN_LONG : operation == LIST ? LINKSPAN_LEARN : LINKSPAN_SHORT;
}

static const LinkspanOperation operations[] = {
    { ADD, LINKSPAN_TEXT("add") },
    { GET, LINKSPAN_TEXT("get") },
    { LIST, LINKSPAN_TEXT("list") },
    { STAMP, LINKSPAN_TEXT("stamp") },
};

static const LinkspanService services[] = { {
    .name = LINKSPAN_TEXT("tally"),
    .operations = operations,
    .operation_count = sizeof operations / sizeof *operations,
    .start = start,
    .call = call,
    .stop = stop,
    .cost = cost,
} };

static const LinkspanLibrary library = {
    .magic = LINKSPAN_MAGIC,
    .version = LINKSPAN_VERSION,
    .service_count = sizeof services / sizeof *services,
    .services = services,
};

LINKSPAN_EXPORT const LinkspanLibrary *linkspan_library(void)
{
    return &library;
}
