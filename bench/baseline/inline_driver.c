/* The least that a port driver written by hand does: port_control/3 runs a kernel and returns its answer, what is
 * written to the port comes back by reference. */
#include "erl_driver.h"
#include "kernels.h"

static ErlDrvData start(ErlDrvPort port, char *command)
{
    (void)command;
    set_port_control_flags(port, PORT_CONTROL_FLAG_BINARY);
    return (ErlDrvData)port;
}

static ErlDrvSSizeT control(ErlDrvData data, unsigned int kernel, char *body, ErlDrvSizeT len, char **answer,
                            ErlDrvSizeT room)
{
    size_t needed = kernel_room(kernel, len);
    (void)data;

    if (needed <= room)
        return kernel_run(kernel, (uint8_t *)body, len, (uint8_t *)*answer);
    /* More than fits into the VM's buffer, 64 bytes, goes into a binary of its own. */
    ErlDrvBinary *binary = driver_alloc_binary(needed);
    if (binary == NULL)
        return -1;
    ErlDrvSSizeT written = kernel_run(kernel, (uint8_t *)body, len, (uint8_t *)binary->orig_bytes);
    if (written < 0) {
        driver_free_binary(binary);
        return -1;
    }
    *answer = (char *)binary;
    return written;
}

static void outputv(ErlDrvData data, ErlIOVec *vector)
{
    driver_outputv((ErlDrvPort)data, NULL, 0, vector, 0);
}

static ErlDrvEntry entry = {
    .start = start,
    .outputv = outputv,
    .driver_name = "inline_driver",
    .control = control,
    .extended_marker = ERL_DRV_EXTENDED_MARKER,
    .major_version = ERL_DRV_EXTENDED_MAJOR_VERSION,
    .minor_version = ERL_DRV_EXTENDED_MINOR_VERSION,
    .driver_flags = ERL_DRV_FLAG_USE_PORT_LOCKING,
};

DRIVER_INIT(inline_driver)
{
    return &entry;
}
