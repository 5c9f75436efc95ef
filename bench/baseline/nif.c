/* NIFs written by hand: a kernel on the caller's scheduler, on a dirty one of either kind, and on a pool of threads that
 * answer by enif_send. */
#include <string.h>

#include "erl_nif.h"
#include "kernels.h"
#include "pool.h"

static ERL_NIF_TERM run(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[])
{
    unsigned int kernel;
    ErlNifBinary body;
    ERL_NIF_TERM answer;
    (void)argc;

    if (!enif_get_uint(env, argv[0], &kernel) || !enif_inspect_binary(env, argv[1], &body))
        return enif_make_badarg(env);
    size_t room = kernel_room(kernel, body.size);
    uint8_t *to = enif_make_new_binary(env, room, &answer);
    ptrdiff_t written = kernel_run(kernel, body.data, body.size, to);
    if (written < 0)
        return enif_raise_exception(env, enif_make_atom(env, "failed"));
    return (size_t)written == room ? answer : enif_make_sub_binary(env, answer, 0, (size_t)written);
}

struct request {
    struct job job; /* first: the pool knows no more of it */
    ErlNifPid caller;
    ErlNifEnv *env;
    ERL_NIF_TERM reference, body;
    unsigned int kernel;
};

static void run_in_pool(struct job *job)
{
    struct request *request = (struct request *)job;
    const ERL_NIF_TERM argv[] = {enif_make_uint(request->env, request->kernel), request->body};
    ERL_NIF_TERM answer = run(request->env, 2, argv), error;

    if (enif_has_pending_exception(request->env, &error))
        answer = error;
    enif_send(NULL, &request->caller, request->env, enif_make_tuple2(request->env, request->reference, answer));
    enif_free_env(request->env);
    enif_free(request);
}

/* submit(Kernel, Body, Reference): the answer is {Reference, Binary}. */
static ERL_NIF_TERM submit(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[])
{
    unsigned int kernel;
    (void)argc;

    if (!enif_get_uint(env, argv[0], &kernel) || !enif_is_binary(env, argv[1]) || !enif_is_ref(env, argv[2]))
        return enif_make_badarg(env);
    struct request *request = enif_alloc(sizeof *request);
    enif_self(env, &request->caller);
    request->env = enif_alloc_env();
    request->kernel = kernel;
    request->body = enif_make_copy(request->env, argv[1]);
    request->reference = enif_make_copy(request->env, argv[2]);
    request->job.run = run_in_pool;
    pool_submit(&request->job);
    return enif_make_atom(env, "ok");
}

static int load(ErlNifEnv *env, void **data, ERL_NIF_TERM info)
{
    ErlNifSysInfo system;
    (void)env;
    (void)data;
    (void)info;

    enif_system_info(&system, sizeof system);
    return pool_start(system.scheduler_threads) ? 0 : -1;
}

static ErlNifFunc functions[] = {
    {"inline", 2, run, 0},
    {"dirty_cpu", 2, run, ERL_NIF_DIRTY_JOB_CPU_BOUND},
    {"dirty_io", 2, run, ERL_NIF_DIRTY_JOB_IO_BOUND},
    {"submit", 3, submit, 0},
};

ERL_NIF_INIT(Elixir.Bench.Peers.CNif, functions, load, NULL, NULL, NULL)
