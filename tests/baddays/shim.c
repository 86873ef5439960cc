/* Preloaded into a daemon: its database files and its clock fail when they are told to.
 *
 * What they are told lies in the file BOTBUS_FAULTS, which both sides map: see faults.py. Only the
 * database BOTBUS_FAULTY, its WAL and its journal are concerned. A sync or write that fails has not
 * reached the file below; a clock that is shifted is the wall clock alone.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct faults {
    volatile int32_t sync_error;
    volatile int32_t write_error;
    volatile int64_t clock_shift; /* seconds */
    volatile int64_t failed;      /* calls that were made to fail */
    volatile int64_t slowness;    /* microseconds that a sync takes longer */
};

static struct faults none, *faults = &none;
static const char *faulty;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("BOTBUS_FAULTS");
    faulty = getenv("BOTBUS_FAULTY");
    int fd = path && faulty ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0) return;
    void *there = mmap(0, sizeof none, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (there == MAP_FAILED) abort();
    faults = there;
}

static int concerns(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    if (strncmp(path, faulty, strlen(faulty)) != 0) return 0;
    const char *rest = path + strlen(faulty);
    return *rest == 0 || strcmp(rest, "-wal") == 0 || strcmp(rest, "-journal") == 0;
}

static int fails(int fd, int32_t error) {
    if (error == 0 || !concerns(fd)) return 0;
    __atomic_add_fetch(&faults->failed, 1, __ATOMIC_SEQ_CST);
    errno = error;
    return 1;
}

#define REAL(name) __typeof__(name) *real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

static void dawdle(int fd) {
    if (faults->slowness && concerns(fd)) usleep(faults->slowness);
}

int fsync(int fd) {
    REAL(fsync);
    dawdle(fd);
    return fails(fd, faults->sync_error) ? -1 : real(fd);
}

int fdatasync(int fd) {
    REAL(fdatasync);
    dawdle(fd);
    return fails(fd, faults->sync_error) ? -1 : real(fd);
}

ssize_t pwrite64(int fd, const void *data, size_t n, off64_t at) {
    REAL(pwrite64);
    return fails(fd, faults->write_error) ? -1 : real(fd, data, n, at);
}

ssize_t pwrite(int fd, const void *data, size_t n, off_t at) { return pwrite64(fd, data, n, at); }

ssize_t write(int fd, const void *data, size_t n) {
    REAL(write);
    return fails(fd, faults->write_error) ? -1 : real(fd, data, n);
}

int clock_gettime(clockid_t id, struct timespec *time) {
    REAL(clock_gettime);
    int result = real(id, time);
    if (result == 0 && id == CLOCK_REALTIME) time->tv_sec += faults->clock_shift;
    return result;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
    REAL(gettimeofday);
    int result = real(time, zone);
    if (result == 0) time->tv_sec += faults->clock_shift;
    return result;
}
