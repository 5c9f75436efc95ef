/* What operations cost, read where it is exact: CPU time and context switches of the VM and of programs beside it. */
#include <sys/resource.h>
#include <time.h>

#include "erl_nif.h"

/* cpu([OsPid]) -> nanoseconds of CPU time that the VM and these processes have used, all threads. */
static ERL_NIF_TERM cpu(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[])
{
    struct timespec time;
    ERL_NIF_TERM head, list = argv[0];
    int pid;
    (void)argc;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    ErlNifUInt64 sum = (ErlNifUInt64)time.tv_sec * 1000000000u + (ErlNifUInt64)time.tv_nsec;
    while (enif_get_list_cell(env, list, &head, &list)) {
        clockid_t clock;
        if (!enif_get_int(env, head, &pid) || clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0)
            return enif_make_badarg(env);
        sum += (ErlNifUInt64)time.tv_sec * 1000000000u + (ErlNifUInt64)time.tv_nsec;
    }
    return enif_make_uint64(env, sum);
}

/* switches() -> context switches of the VM's threads: their own doing, by a wait, and the system's. */
static ERL_NIF_TERM switches(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[])
{
    struct rusage usage;
    (void)argc;
    (void)argv;

    getrusage(RUSAGE_SELF, &usage);
    return enif_make_int64(env, usage.ru_nvcsw + usage.ru_nivcsw);
}

static ErlNifFunc functions[] = {{"vm_and_programs", 1, cpu, 0}, {"switches", 0, switches, 0}};

ERL_NIF_INIT(Elixir.Bench.Meter, functions, NULL, NULL, NULL, NULL)
