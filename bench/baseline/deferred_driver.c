/* A port driver that works elsewhere: on a pool of threads that answer by erl_drv_send_term ("deferred_driver pool"), or
 * by driver_async ("deferred_driver async"). The body begins with 8 bytes that the answer, {Port, Number, Binary},
 * repeats. */
#include <string.h>

#include "erl_driver.h"
#include "kernels.h"
#include "pool.h"

static ErlDrvTermData atom_error;

struct instance {
    ErlDrvPort port;
    ErlDrvTermData term;
    int async;
};

struct request {
    struct job job; /* first: the pool knows no more of it */
    ErlDrvTermData port, caller;
    ErlDrvUInt64 number;
    uint32_t kernel;
    ErlDrvBinary *answer;
    ErlDrvSSizeT written;
    size_t len;
    uint8_t body[];
};

static void run(struct request *request)
{
    request->answer = driver_alloc_binary(kernel_room(request->kernel, request->len));
    request->written =
        kernel_run(request->kernel, request->body, request->len, (uint8_t *)request->answer->orig_bytes);
}

/* Sends {Port, Number, Binary}, or {Port, Number, error}. */
static void answer(struct request *request)
{
    ErlDrvTermData done[] = {ERL_DRV_PORT,   request->port,
                             ERL_DRV_UINT64, (ErlDrvTermData)&request->number,
                             ERL_DRV_BINARY, (ErlDrvTermData)request->answer, (ErlDrvTermData)request->written, 0,
                             ERL_DRV_TUPLE,  3};
    ErlDrvTermData failed[] = {ERL_DRV_PORT,   request->port,
                               ERL_DRV_UINT64, (ErlDrvTermData)&request->number,
                               ERL_DRV_ATOM,   atom_error,
                               ERL_DRV_TUPLE,  3};

    if (request->written >= 0)
        erl_drv_send_term(request->port, request->caller, done, sizeof done / sizeof done[0]);
    else
        erl_drv_send_term(request->port, request->caller, failed, sizeof failed / sizeof failed[0]);
}

static void drop(void *request)
{
    driver_free_binary(((struct request *)request)->answer);
    driver_free(request);
}

static void run_in_pool(struct job *job)
{
    run((struct request *)job);
    answer((struct request *)job);
    drop(job);
}

static void run_async(void *request)
{
    run(request);
}

static void ready_async(ErlDrvData data, ErlDrvThreadData request)
{
    (void)data;
    answer((struct request *)request);
    drop(request);
}

static ErlDrvSSizeT control(ErlDrvData data, unsigned int kernel, char *body, ErlDrvSizeT len, char **reply,
                            ErlDrvSizeT room)
{
    struct instance *instance = (struct instance *)data;
    ErlDrvUInt64 number;
    (void)reply;
    (void)room;

    if (len < sizeof number)
        return -1;
    struct request *request = driver_alloc(sizeof *request + len - sizeof number);
    if (request == NULL)
        return -1;
    memcpy(&request->number, body, sizeof number);
    request->port = instance->term;
    request->caller = driver_caller(instance->port);
    request->kernel = kernel;
    request->len = len - sizeof number;
    memcpy(request->body, body + sizeof number, request->len);
    if (instance->async) {
        driver_async(instance->port, NULL, run_async, request, drop);
    } else {
        request->job.run = run_in_pool;
        pool_submit(&request->job);
    }
    return 0;
}

static ErlDrvData start(ErlDrvPort port, char *command)
{
    struct instance *instance = driver_alloc(sizeof *instance);

    if (instance == NULL)
        return ERL_DRV_ERROR_GENERAL;
    instance->port = port;
    instance->term = driver_mk_port(port);
    instance->async = strstr(command, " async") != NULL;
    return (ErlDrvData)instance;
}

static void stop(ErlDrvData data)
{
    driver_free((struct instance *)data);
}

static int init(void)
{
    ErlDrvSysInfo info;

    atom_error = driver_mk_atom("error");
    driver_system_info(&info, sizeof info);
    return pool_start(info.scheduler_threads) ? 0 : -1;
}

static ErlDrvEntry entry = {
    .init = init,
    .start = start,
    .stop = stop,
    .driver_name = "deferred_driver",
    .ready_async = ready_async,
    .control = control,
    .extended_marker = ERL_DRV_EXTENDED_MARKER,
    .major_version = ERL_DRV_EXTENDED_MAJOR_VERSION,
    .minor_version = ERL_DRV_EXTENDED_MINOR_VERSION,
    .driver_flags = ERL_DRV_FLAG_USE_PORT_LOCKING,
};

DRIVER_INIT(deferred_driver)
{
    return &entry;
}
