/* A pool of threads with one queue, as one writes it by hand. Behind both a driver and a NIF. */
#ifndef POOL_H
#define POOL_H

struct job {
    struct job *next;
    void (*run)(struct job *);
};

/* Starts so many threads; 0 if they could not be. */
int pool_start(int threads);

/* Queues a job. It belongs to the thread that runs it. */
void pool_submit(struct job *job);

#endif
