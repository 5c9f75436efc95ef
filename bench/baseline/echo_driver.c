/* The least that a port driver written by hand does: port_control/3 sends its body back, whatever the operation. */
#include <string.h>

#include "erl_driver.h"

static ErlDrvData start(ErlDrvPort port, char *command)
{
    (void)command;
    set_port_control_flags(port, PORT_CONTROL_FLAG_BINARY);
    return (ErlDrvData)port;
}

static ErlDrvSSizeT control(ErlDrvData data, unsigned int operation, char *body, ErlDrvSizeT len, char **answer,
                            ErlDrvSizeT room)
{
    (void)data;
    (void)operation;
    if (len <= room) {
        memcpy(*answer, body, len);
    } else {
        ErlDrvBinary *binary = driver_alloc_binary(len);
        if (binary == NULL)
            return -1;
        memcpy(binary->orig_bytes, body, len);
        *answer = (char *)binary;
    }
    return (ErlDrvSSizeT)len;
}

static ErlDrvEntry entry = {
    .start = start,
    .driver_name = "echo_driver",
    .control = control,
    .extended_marker = ERL_DRV_EXTENDED_MARKER,
    .major_version = ERL_DRV_EXTENDED_MAJOR_VERSION,
    .minor_version = ERL_DRV_EXTENDED_MINOR_VERSION,
    .driver_flags = ERL_DRV_FLAG_USE_PORT_LOCKING,
};

DRIVER_INIT(echo_driver)
{
    return &entry;
}
