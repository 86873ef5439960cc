/* Preloaded into a daemon: writes down, in order, what it does to its database files.
 *
 * A record is: op (1 byte), length of path (u16), path, offset (u64), length of data (u32), data.
 * Ops: W data written at an offset, T truncated to an offset, S synced, U unlinked. It is appended to
 * the log after the call has succeeded, under one lock with it, so the order of the log is the order of
 * the calls. Only the database BOTBUS_SHIM_FILES, its WAL and its journal count; the shared-memory index
 * is left out, for SQLite makes it anew after a crash.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int log_fd = -1;
static const char *files;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("BOTBUS_SHIM_LOG");
    files = getenv("BOTBUS_SHIM_FILES");
    if (path && files) log_fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
}

static int counts(const char *path) {
    if (log_fd < 0 || strncmp(path, files, strlen(files)) != 0) return 0;
    const char *rest = path + strlen(files);
    return *rest == 0 || strcmp(rest, "-wal") == 0 || strcmp(rest, "-journal") == 0;
}

static int path_of(int fd, char *path, size_t size) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, size - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return counts(path);
}

static void put(char op, const char *path, uint64_t offset, const void *data, uint32_t length) {
    uint16_t path_length = strlen(path);
    struct iovec parts[] = {{&op, 1}, {&path_length, 2}, {(void *)path, path_length},
                            {&offset, 8}, {&length, 4}, {(void *)data, length}};
    if (syscall(SYS_writev, log_fd, parts, 6) < 0) abort();
}

#define REAL(name) __typeof__(name) *real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)
#define LOCKED(call, record)                                                                       \
    do {                                                                                           \
        pthread_mutex_lock(&lock);                                                                 \
        __typeof__(call) result = call;                                                            \
        if (result >= 0) record;                                                                   \
        pthread_mutex_unlock(&lock);                                                               \
        return result;                                                                             \
    } while (0)

ssize_t pwrite64(int fd, const void *data, size_t n, off64_t at) {
    REAL(pwrite64);
    char path[4096];
    if (!path_of(fd, path, sizeof path)) return real(fd, data, n, at);
    LOCKED(real(fd, data, n, at), put('W', path, at, data, result));
}

ssize_t pwrite(int fd, const void *data, size_t n, off_t at) { return pwrite64(fd, data, n, at); }

ssize_t write(int fd, const void *data, size_t n) {
    REAL(write);
    char path[4096];
    if (log_fd < 0 || fd == log_fd || !path_of(fd, path, sizeof path)) return real(fd, data, n);
    off64_t at = lseek64(fd, 0, SEEK_CUR);
    LOCKED(real(fd, data, n), put('W', path, at, data, result));
}

int fsync(int fd) {
    REAL(fsync);
    char path[4096];
    if (!path_of(fd, path, sizeof path)) return real(fd);
    LOCKED(real(fd), put('S', path, 0, "", 0));
}

int fdatasync(int fd) {
    REAL(fdatasync);
    char path[4096];
    if (!path_of(fd, path, sizeof path)) return real(fd);
    LOCKED(real(fd), put('S', path, 0, "", 0));
}

int ftruncate64(int fd, off64_t length) {
    REAL(ftruncate64);
    char path[4096];
    if (!path_of(fd, path, sizeof path)) return real(fd, length);
    LOCKED(real(fd, length), put('T', path, length, "", 0));
}

int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

int unlink(const char *path) {
    REAL(unlink);
    if (!counts(path)) return real(path);
    LOCKED(real(path), put('U', path, 0, "", 0));
}
