/* The pieces of C in docs/erl_driver.md, as a driver: guide.rs compares them. Its like in Rust is thing.rs. */
#include <erl_driver.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

typedef struct { int fd; } thing;

/* What follows the driver's name. */
static const char *path(const char *command)
{
    const char *space = strchr(command, ' ');
    return space ? space + 1 : "";
}

static ErlDrvData start(ErlDrvPort port, char *command) {
    thing *t = driver_alloc(sizeof(thing));
    if (t == NULL) { errno = ENOMEM; return ERL_DRV_ERROR_ERRNO; }
    t->fd = open(path(command), O_RDONLY);
    if (t->fd < 0) { driver_free(t); return ERL_DRV_ERROR_ERRNO; }
    set_port_control_flags(port, PORT_CONTROL_FLAG_BINARY);
    return (ErlDrvData)t;
}

static void stop(ErlDrvData d)
{
    close(((thing *)d)->fd);
    driver_free(d);
}

static ErlDrvSSizeT control(ErlDrvData d, unsigned op, char *buf, ErlDrvSizeT len, char **rbuf, ErlDrvSizeT rlen) {
    if (op != 1) return -1;
    if (len > rlen) *rbuf = (char *)driver_alloc_binary(len);
    memcpy(len > rlen ? ((ErlDrvBinary *)*rbuf)->orig_bytes : *rbuf, buf, len);
    return len;
}

static ErlDrvEntry entry = {
    .start = start, .stop = stop, .control = control, .driver_name = "thing_drv",
    .extended_marker = ERL_DRV_EXTENDED_MARKER,
    .major_version = ERL_DRV_EXTENDED_MAJOR_VERSION, .minor_version = ERL_DRV_EXTENDED_MINOR_VERSION,
    .driver_flags = ERL_DRV_FLAG_USE_PORT_LOCKING | ERL_DRV_FLAG_SOFT_BUSY,
};
DRIVER_INIT(thing_drv) { return &entry; }

int tell(ErlDrvPort port, ErlDrvTermData to, char *buf, size_t len)
{
    ErlDrvTermData spec[] = { ERL_DRV_ATOM, driver_mk_atom("ok"), ERL_DRV_BUF2BINARY, (ErlDrvTermData)buf, len, ERL_DRV_TUPLE, 2 };
    return erl_drv_send_term(driver_mk_port(port), to, spec, 7);
}
