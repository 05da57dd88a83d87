/* Shows a process another wall clock: the seconds that the file $STEPPED_CLOCK holds (int64) are added to it, at once
   whenever they change. Monotonic clocks go on, as in a real step. Loaded by LD_PRELOAD.

   Not libfaketime: of its 0.9.10 time.sleep of Python 3.11 fails where monotonic clocks are left alone, and waits for
   the interpreter's lock end early and spin. Of waits until a moment of the wall clock this knows nothing; Python,
   PostgreSQL and Java wait by the monotonic one. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *off;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("STEPPED_CLOCK");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *mapped = file < 0 ? MAP_FAILED : mmap(NULL, sizeof *off, PROT_READ, MAP_SHARED, file, 0);
    if (mapped == MAP_FAILED) abort();
    close(file);
    off = mapped;
}

int clock_gettime(clockid_t id, struct timespec *now) {
    long code = syscall(SYS_clock_gettime, id, now);
    if (code == 0 && off && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) now->tv_sec += *off;
    return (int)code;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec precise;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &precise);
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *also) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (also) *also = now.tv_sec;
    return now.tv_sec;
}
