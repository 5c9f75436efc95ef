/* See pool.h. The threads live as long as the VM. */
#include "pool.h"

#include <pthread.h>
#include <stddef.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t filled = PTHREAD_COND_INITIALIZER;
static struct job *first;
static struct job **last = &first;

static void *work(void *unused)
{
    (void)unused;
    for (;;) {
        pthread_mutex_lock(&lock);
        while (first == NULL)
            pthread_cond_wait(&filled, &lock);
        struct job *job = first;
        first = job->next;
        if (first == NULL)
            last = &first;
        pthread_mutex_unlock(&lock);
        job->run(job);
    }
    return NULL;
}

int pool_start(int threads)
{
    for (int thread = 0; thread < threads; thread++) {
        pthread_t id;
        if (pthread_create(&id, NULL, work, NULL) != 0)
            return 0;
        pthread_detach(id);
    }
    return 1;
}

void pool_submit(struct job *job)
{
    job->next = NULL;
    pthread_mutex_lock(&lock);
    *last = job;
    last = &job->next;
    pthread_mutex_unlock(&lock);
    pthread_cond_signal(&filled);
}
