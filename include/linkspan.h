/*
 * A Linkspan service in C, or in any language that can make a shared library with C functions.
 * Generated from native/abi by cbindgen: make header
 *
 * A service library exports one function, linkspan_library, which returns a constant table: which services there are,
 * which operations they have, and the functions that run them. The host (driver, nif or program) calls these; a service
 * calls the host by the functions in LinkspanContext, and knows nothing of the BEAM. examples/c_service is a whole one.
 *
 * LIFE OF AN INSTANCE. start makes the state; call is called for each request, one at a time, in the order in which each
 * caller sent them; stop frees the state, once, whatever has happened. All of it happens on threads of the host's
 * choosing, one after the other, never on two at once: no locks are needed, and thread-local variables are of no use. With
 * LINKSPAN_DEDICATED it is one thread that does nothing else. cost, and describe, may be called at any time from any
 * thread, also while a request runs: they must not use state.
 *
 * WHO FREES WHAT. A LinkspanSlice is lent: read it during the call, keep no pointer into it. A LinkspanBuffer belongs to
 * whoever received it last, who calls its free with its owner once, from any thread; without a free it lives for ever
 * (a string literal). Buffers in a reply, events, and descriptions go to the host; the one that share returns is yours.
 *
 * ANSWERS. Short ones cost no allocation: write at most inline_capacity bytes to inline_data, set inline_len and return
 * LINKSPAN_OK_INLINE. The capacity may be 0, so be ready to return LINKSPAN_OK_BUFFER with a buffer. A cast has no
 * answer: what is written is dropped. An error is LINKSPAN_FAILED with code and a message in buffer, for people, or
 * LINKSPAN_BAD_REQUEST with a message: callers get {error, {service, Code, Message}} or {error, {bad_request, Message}}.
 * LINKSPAN_PANICKED says that the state cannot be trusted any more: the instance ends. So does a status that is none,
 * or a buffer without bytes where there should be some.
 *
 * WHAT MUST NOT HAPPEN. No exception, longjmp or signal handler may cross into the host. In the hosts inside the VM a
 * crash is the VM's: no wild pointers, no abort, no exit. Functions may not be NULL, unless it is said.
 *
 * LONG WORK. cost says where a request runs. LINKSPAN_SHORT ones run on a scheduler thread of the VM, which does nothing
 * else meanwhile: not above 100 us, no waiting, no system call that may block. Long ones should ask is_cancelled now
 * and then, and return when it says 1, with whatever status: the caller has gone.
 */
#ifndef LINKSPAN_H
#define LINKSPAN_H

#include <stddef.h>
#include <stdint.h>
// Visible even in a library that is compiled with -fvisibility=hidden.
#define LINKSPAN_EXPORT __attribute__((visibility("default")))

struct LinkspanReply;

// First word of every Library: the ASCII bytes `linkspan`, read as a big-endian number.
#define LINKSPAN_MAGIC 7811896436428136814

// Version of this ABI. Host and library must have the same one.
#define LINKSPAN_VERSION 2

// Operation numbers are below this; hosts use the rest for themselves.
#define LINKSPAN_OPERATION_LIMIT (1 << 30)

// A flag: requests do not depend on each other, so that several instances may share the work.
#define LINKSPAN_INDEPENDENT 1

// A flag: each instance has a thread of its own; start, calls and stop come from that thread and no other.
#define LINKSPAN_DEDICATED 2

// A cost: bounded well below 100 us; may run on a scheduler thread at once.
#define LINKSPAN_SHORT 0

// A cost: always deferred to a worker.
#define LINKSPAN_LONG 1

// A cost: not known. The host measures, and defers what has been slow.
#define LINKSPAN_LEARN 2

// How a call ended: one of the status constants.
typedef int32_t LinkspanStatus;

// Bytes lent for the duration of a call. `data` may be dangling if `len` is 0.
typedef struct LinkspanSlice {
  // First byte.
  const uint8_t *data;
  // Number of bytes.
  size_t len;
} LinkspanSlice;

// An operation of a service.
typedef struct LinkspanOperation {
  // Number, below LINKSPAN_OPERATION_LIMIT.
  uint32_t number;
  // Name, UTF-8.
  struct LinkspanSlice name;
} LinkspanOperation;

// Bytes with an owner.
typedef struct LinkspanBuffer {
  // First byte; may be dangling if `len` is 0.
  const uint8_t *data;
  // Number of bytes.
  size_t len;
  // What `free` wants to be given.
  void *owner;
  // Frees the bytes; none if they live for ever.
  void (*free)(void *owner);
} LinkspanBuffer;

// What an instance may ask of its host during a call. The functions take `data`, or what `retain` made of it.
typedef struct LinkspanContext {
  // Name of the host: `driver`, `nif` or `program`.
  struct LinkspanSlice host;
  // Stack in bytes that a call on this thread may use.
  size_t stack_limit;
  // What the functions want to be given; valid for the duration of the call.
  const void *data;
  // 1 if nobody waits for the running request any more, or the instance is closing. From any thread.
  uint8_t (*is_cancelled)(const void *data);
  // Nanoseconds left until the caller stops waiting; all bits are set if it waits for ever. From any thread.
  uint64_t (*remaining)(const void *data);
  // Sends an event; takes the buffer. From any thread.
  void (*emit)(const void *data, struct LinkspanBuffer event);
  // Makes a `data` that outlives the call and may be used from any thread, with `is_cancelled` and `emit`.
  const void *(*retain)(const void *data);
  // Frees what `retain` made.
  void (*release)(const void *data);
} LinkspanContext;

// An answer in parts. Its functions are called by one thread at a time, and by no other than those that may call the
// functions of the instance; never while one of these runs.
typedef struct LinkspanStream {
  // What the functions want to be given.
  void *data;
  // Makes the next part: LINKSPAN_OK_BUFFER or LINKSPAN_OK_INLINE. Everything else is the end, and the last
  // call: LINKSPAN_END, LINKSPAN_FAILED, LINKSPAN_BAD_REQUEST or LINKSPAN_PANICKED.
  LinkspanStatus (*next)(void *data, const struct LinkspanContext *context, struct LinkspanReply *reply);
  // Frees the stream, at its end or before; the last use of `data`.
  void (*free)(void *data);
} LinkspanStream;

// Room for the answer to one question. But for the room that it provides, it is blank when the question is asked.
typedef struct LinkspanReply {
  // Room for a short answer, provided by the host.
  uint8_t *inline_data;
  // Bytes of room in `inline_data`.
  size_t inline_capacity;
  // Set by the service with LINKSPAN_OK_INLINE: bytes written to `inline_data`.
  size_t inline_len;
  // Set by the service with LINKSPAN_OK_BUFFER: the answer; with the other statuses: the message, UTF-8.
  struct LinkspanBuffer buffer;
  // Set by the service with LINKSPAN_FAILED: its own error code.
  uint32_t code;
  // Set by the service with LINKSPAN_OK_STREAM: the answer, which the host owns from then on.
  struct LinkspanStream stream;
} LinkspanReply;

// One question to an instance.
typedef struct LinkspanRequest {
  // Number of the operation; one that the service declared.
  uint32_t operation;
  // 1 if nobody waits for an answer.
  uint8_t cast;
  // The body.
  struct LinkspanSlice body;
  // What `share` wants to be given.
  const void *lender;
  // Makes an owned buffer of the whole body: shared where the host holds it by reference, else copied.
  struct LinkspanBuffer (*share)(const void *lender);
} LinkspanRequest;

// One service: its name, its operations and the four functions that run it.
typedef struct LinkspanService {
  // Name, UTF-8, unique in the library.
  struct LinkspanSlice name;
  // The operations, in ascending order of their numbers.
  const struct LinkspanOperation *operations;
  // Number of entries in `operations`.
  size_t operation_count;
  // Makes an instance from its start argument. On LINKSPAN_OK_BUFFER or LINKSPAN_OK_INLINE the state has
  // been written to `state`; otherwise the reply holds the reason.
  LinkspanStatus (*start)(struct LinkspanSlice argument,
                          const struct LinkspanContext *context,
                          void **state,
                          struct LinkspanReply *reply);
  // Handles one request. Returns one of the status constants; the answer is in `reply`.
  LinkspanStatus (*call)(void *state,
                         const struct LinkspanRequest *request,
                         const struct LinkspanContext *context,
                         struct LinkspanReply *reply);
  // Ends an instance and frees its state. `panicked` is 1 if the last call panicked: then the state is only freed.
  void (*stop)(void *state, const struct LinkspanContext *context, uint8_t panicked);
  // What a request will cost: one of the cost constants. Called without an instance, from any thread.
  uint8_t (*cost)(uint32_t operation, size_t body_len);
  // A sum of flag constants, or 0.
  uint8_t flags;
  // What a typed service says of itself, as a term in the external term format; empty, or no function, if it says
  // nothing. From any thread, without an instance.
  struct LinkspanBuffer (*describe)(void);
} LinkspanService;

// What a service library contains.
typedef struct LinkspanLibrary {
  // Always LINKSPAN_MAGIC.
  uint64_t magic;
  // Always LINKSPAN_VERSION of the library's build.
  uint32_t version;
  // Number of entries in `services`.
  uint32_t service_count;
  // The services.
  const struct LinkspanService *services;
} LinkspanLibrary;

// A status: the answer is in `inline_data`.
#define LINKSPAN_OK_INLINE 0

// A status: the answer is in `buffer`.
#define LINKSPAN_OK_BUFFER 1

// A status: the service refuses, with a code and a message.
#define LINKSPAN_FAILED 2

// A status: the service panicked; the message is in `buffer`.
#define LINKSPAN_PANICKED 3

// A status: the service does not know the operation.
#define LINKSPAN_UNKNOWN_OPERATION 4

// A status: the service cannot read the body; the message says why.
#define LINKSPAN_BAD_REQUEST 5

// A status: the answer comes in parts; `stream` makes them.
#define LINKSPAN_OK_STREAM 6

// A status, only of a stream's `next`: there is no further part.
#define LINKSPAN_END 7

// What a service library defines: LINKSPAN_EXPORT const LinkspanLibrary *linkspan_library(void) { return &library; }
#ifdef __cplusplus
extern "C"
#endif
LINKSPAN_EXPORT const LinkspanLibrary *linkspan_library(void);

// A string literal as a slice, for names in tables.
#define LINKSPAN_TEXT(literal) { (const uint8_t *)(literal), sizeof(literal) - 1 }

#endif
