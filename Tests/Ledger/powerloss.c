// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//
// A library to be preloaded (LD_PRELOAD) into a program, that writes down what the program does to the files below one
// directory, so that disk.py can tell what a disk would hold if the power failed now; and that makes writes fail.
//
//   LEDGER_DISK_ROOT     the directory
//   LEDGER_DISK_JOURNAL  where it is written down (not below the directory); nothing is if it is not set
//   LEDGER_DISK_FAULT    a file. While it exists, what it says fails: the number of an error, and letters for the
//                        calls: w write and truncate, s sync, o open for writing, p writes that get part of the way
//
// A record of the journal is a line, "<kind> <inode> <a> <b> <length>\n", and `length` bytes:
//
//   O inode created truncated   path      opened for writing
//   W inode offset 0            data      written
//   T inode size 0                        cut or made longer
//   B inode token 0                       a sync begins: it is about all that was written before
//   E inode token 0                       it has succeeded
//   U 0 0 0                     path      unlinked
//   R 0 0 0                     path NUL path   renamed
//
// Of a directory, B and E are about the names in it. What is done through mmap is not seen: SQLite writes nothing but
// its -shm so, which means nothing after a power loss.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { DESCRIPTORS = 65536, FILE_FD = 1, DIRECTORY_FD = 2, SECTOR = 512 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char root[PATH_MAX];
static size_t root_length;
static const char *fault_file;
static int journal = -1;
static unsigned long token;
// What a descriptor is: 0 for what is no business of ours, so that sockets cost one comparison.
static unsigned char kind_of[DESCRIPTORS];
static unsigned long inode_of[DESCRIPTORS];

#define NEXT(name) ((__typeof__(&name))next(#name))

static void *next(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (!found) abort();
    return found;
}

__attribute__((constructor)) static void begin(void) {
    const char *directory = getenv("LEDGER_DISK_ROOT"), *file = getenv("LEDGER_DISK_JOURNAL");
    if (!directory || !realpath(directory, root)) return;
    root_length = strlen(root);
    fault_file = getenv("LEDGER_DISK_FAULT");
    // By system call: our own open() would look at it.
    if (file) journal = (int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file && journal < 0) abort();
}

static void record(char kind, unsigned long inode, long a, long b, const void *data, size_t length) {
    if (journal < 0) return;
    char head[128];
    int n = snprintf(head, sizeof head, "%c %lu %ld %ld %zu\n", kind, inode, a, b, length);
    struct iovec parts[2] = {{head, (size_t)n}, {(void *)data, length}};
    if (syscall(SYS_writev, journal, parts, length ? 2 : 1) != (long)(n + length)) abort();
}

// The error that a call of this kind fails with now; 0: none.
static int fault(char call) {
    if (!fault_file) return 0;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, fault_file, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0) return 0;
    char text[64];
    long n = syscall(SYS_read, fd, text, sizeof text - 1);
    syscall(SYS_close, fd);
    text[n > 0 ? n : 0] = 0;
    return strchr(text, call) ? atoi(text) : 0;
}

static int watched(int fd) {
    return fd >= 0 && fd < DESCRIPTORS && kind_of[fd];
}

// The absolute path below the directory, whether the file exists or not; 0: it is elsewhere.
static int below(int at, const char *path, char *out) {
    if (!root_length || !path) return 0;
    char joined[PATH_MAX], parent[PATH_MAX], base[PATH_MAX];
    if (path[0] == '/') {
        snprintf(joined, sizeof joined, "%s", path);
    } else if (at == AT_FDCWD) {
        char here[PATH_MAX];
        if (!getcwd(here, sizeof here)) return 0;
        if (snprintf(joined, sizeof joined, "%s/%s", here, path) >= PATH_MAX) return 0;
    } else {
        char link[64], directory[PATH_MAX];
        snprintf(link, sizeof link, "/proc/self/fd/%d", at);
        ssize_t n = readlink(link, directory, sizeof directory - 1);
        if (n < 0) return 0;
        directory[n] = 0;
        if (snprintf(joined, sizeof joined, "%s/%s", directory, path) >= PATH_MAX) return 0;
    }
    if (realpath(joined, out)) {
        return strncmp(out, root, root_length) == 0 && (out[root_length] == '/' || !out[root_length]);
    }
    char *slash = strrchr(joined, '/');
    snprintf(base, sizeof base, "%s", slash + 1);
    *slash = 0;
    if (!realpath(joined[0] ? joined : "/", parent)) return 0;
    if (snprintf(out, PATH_MAX, "%s/%s", parent, base) >= PATH_MAX) return 0;
    return strncmp(out, root, root_length) == 0 && out[root_length] == '/';
}

// MARK: Opening and closing

static int opened(int at, const char *path, int flags, mode_t mode) {
    char full[PATH_MAX];
    int writes = (flags & O_ACCMODE) != O_RDONLY;
    if (!below(at, path, full)) return (int)syscall(SYS_openat, at, path, flags, mode);
    int error = writes || flags & O_CREAT ? fault('o') : 0;
    if (error) {
        errno = error;
        return -1;
    }
    pthread_mutex_lock(&lock);
    struct stat before, now;
    int existed = stat(full, &before) == 0;
    int fd = (int)syscall(SYS_openat, at, path, flags, mode);
    if (fd >= 0 && fd < DESCRIPTORS && fstat(fd, &now) == 0) {
        int saved = errno;
        inode_of[fd] = now.st_ino;
        kind_of[fd] = S_ISDIR(now.st_mode) ? DIRECTORY_FD : S_ISREG(now.st_mode) ? FILE_FD : 0;
        const char *name = full + root_length + 1;
        if (kind_of[fd] == FILE_FD && (writes || !existed))
            record('O', now.st_ino, !existed, (flags & O_TRUNC) != 0, name, strlen(name));
        errno = saved;
    }
    pthread_mutex_unlock(&lock);
    return fd;
}

#define MODE(flags) \
    mode_t mode = 0; \
    if (flags & (O_CREAT | O_TMPFILE)) { \
        va_list list; \
        va_start(list, flags); \
        mode = va_arg(list, mode_t); \
        va_end(list); \
    }

int open(const char *path, int flags, ...) { MODE(flags) return opened(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags) return opened(AT_FDCWD, path, flags | O_LARGEFILE, mode); }
int openat(int at, const char *path, int flags, ...) { MODE(flags) return opened(at, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) {
    MODE(flags)
    return opened(at, path, flags | O_LARGEFILE, mode);
}
int __open_2(const char *path, int flags) { return opened(AT_FDCWD, path, flags, 0); }
int __open64_2(const char *path, int flags) { return opened(AT_FDCWD, path, flags | O_LARGEFILE, 0); }
int __openat_2(int at, const char *path, int flags) { return opened(at, path, flags, 0); }
int __openat64_2(int at, const char *path, int flags) { return opened(at, path, flags | O_LARGEFILE, 0); }
int creat(const char *path, mode_t mode) { return opened(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat64(const char *path, mode_t mode) { return opened(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }

int close(int fd) {
    // Before: the number may be another one's as soon as it is closed.
    if (watched(fd)) kind_of[fd] = 0;
    return (int)syscall(SYS_close, fd);
}

static int copied(int from, int to) {
    if (to >= 0 && to < DESCRIPTORS && from >= 0 && from < DESCRIPTORS) {
        inode_of[to] = inode_of[from];
        kind_of[to] = kind_of[from];
    }
    return to;
}

int dup(int fd) { return copied(fd, (int)syscall(SYS_dup, fd)); }
int dup2(int from, int to) { return copied(from, NEXT(dup2)(from, to)); }
int dup3(int from, int to, int flags) { return copied(from, (int)syscall(SYS_dup3, from, to, flags)); }

static int controlled(int fd, int command, void *argument) {
    int result = (int)syscall(SYS_fcntl, fd, command, argument);
    return command == F_DUPFD || command == F_DUPFD_CLOEXEC ? copied(fd, result) : result;
}

#define ARGUMENT(command) \
    va_list list; \
    va_start(list, command); \
    void *argument = va_arg(list, void *); \
    va_end(list);

int fcntl(int fd, int command, ...) { ARGUMENT(command) return controlled(fd, command, argument); }
int fcntl64(int fd, int command, ...) { ARGUMENT(command) return controlled(fd, command, argument); }

// MARK: Writing

// How many of the bytes may be written; 0 with errno if none.
static size_t allowed(size_t count) {
    int error = fault('w');
    if (!error) return count;
    if (count > SECTOR && fault('p')) return SECTOR;
    errno = error;
    return 0;
}

// `offset` is -1 for the place where the descriptor stands.
static ssize_t put(int fd, const void *data, size_t count, off_t offset) {
    if (!watched(fd)) {
        return offset < 0 ? syscall(SYS_write, fd, data, count) : syscall(SYS_pwrite64, fd, data, count, offset);
    }
    size_t part = count ? allowed(count) : 0;
    if (count && !part) return -1;
    pthread_mutex_lock(&lock);
    ssize_t n = offset < 0 ? syscall(SYS_write, fd, data, part) : syscall(SYS_pwrite64, fd, data, part, offset);
    if (n > 0) {
        off_t start = offset < 0 ? lseek(fd, 0, SEEK_CUR) - n : offset;
        record('W', inode_of[fd], start, 0, data, (size_t)n);
    }
    pthread_mutex_unlock(&lock);
    return n;
}

static ssize_t put_all(int fd, const struct iovec *parts, int count, off_t offset) {
    size_t total = 0;
    for (int i = 0; i < count; i++) total += parts[i].iov_len;
    char *data = malloc(total ? total : 1);
    if (!data) {
        errno = ENOMEM;
        return -1;
    }
    size_t at = 0;
    for (int i = 0; i < count; i++) {
        memcpy(data + at, parts[i].iov_base, parts[i].iov_len);
        at += parts[i].iov_len;
    }
    ssize_t n = put(fd, data, total, offset);
    int saved = errno;
    free(data);
    errno = saved;
    return n;
}

ssize_t write(int fd, const void *data, size_t count) { return put(fd, data, count, -1); }
ssize_t pwrite(int fd, const void *data, size_t count, off_t offset) { return put(fd, data, count, offset); }
ssize_t pwrite64(int fd, const void *data, size_t count, off64_t offset) { return put(fd, data, count, offset); }

ssize_t writev(int fd, const struct iovec *parts, int count) {
    return watched(fd) ? put_all(fd, parts, count, -1) : syscall(SYS_writev, fd, parts, count);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset) {
    return watched(fd) ? put_all(fd, parts, count, offset) : NEXT(pwritev)(fd, parts, count, offset);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t offset) {
    return watched(fd) ? put_all(fd, parts, count, offset) : NEXT(pwritev64)(fd, parts, count, offset);
}

static int cut(int fd, off_t size) {
    if (!watched(fd)) return (int)syscall(SYS_ftruncate, fd, size);
    int error = fault('w');
    if (error) {
        errno = error;
        return -1;
    }
    pthread_mutex_lock(&lock);
    int result = (int)syscall(SYS_ftruncate, fd, size);
    if (result == 0) record('T', inode_of[fd], size, 0, 0, 0);
    pthread_mutex_unlock(&lock);
    return result;
}

int ftruncate(int fd, off_t size) { return cut(fd, size); }
int ftruncate64(int fd, off64_t size) { return cut(fd, size); }

static int reserve(int fd, int mode, off_t offset, off_t length) {
    if (!watched(fd)) return (int)syscall(SYS_fallocate, fd, mode, offset, length);
    int error = fault('w');
    if (error) {
        errno = error;
        return -1;
    }
    struct stat now;
    pthread_mutex_lock(&lock);
    int result = (int)syscall(SYS_fallocate, fd, mode, offset, length);
    // Where nothing was, there are zeros now: all that there is to it is the size.
    if (result == 0 && fstat(fd, &now) == 0) record('T', inode_of[fd], now.st_size, 0, 0, 0);
    pthread_mutex_unlock(&lock);
    return result;
}

int fallocate(int fd, int mode, off_t offset, off_t length) { return reserve(fd, mode, offset, length); }
int fallocate64(int fd, int mode, off64_t offset, off64_t length) { return reserve(fd, mode, offset, length); }
int posix_fallocate(int fd, off_t offset, off_t length) { return reserve(fd, 0, offset, length) ? errno : 0; }
int posix_fallocate64(int fd, off64_t offset, off64_t length) { return reserve(fd, 0, offset, length) ? errno : 0; }

// MARK: Making it safe

static int settle(int fd, long call) {
    if (!watched(fd)) return (int)syscall(call, fd);
    int error = fault('s');
    if (error) {
        errno = error;
        return -1;
    }
    pthread_mutex_lock(&lock);
    unsigned long mine = ++token, inode = inode_of[fd];
    record('B', inode, (long)mine, 0, 0, 0);
    pthread_mutex_unlock(&lock);
    int result = (int)syscall(call, fd);
    if (result == 0) {
        pthread_mutex_lock(&lock);
        record('E', inode, (long)mine, 0, 0, 0);
        pthread_mutex_unlock(&lock);
    }
    return result;
}

int fsync(int fd) { return settle(fd, SYS_fsync); }
int fdatasync(int fd) { return settle(fd, SYS_fdatasync); }

// MARK: Names

static int removed(int at, const char *path, int flags) {
    char full[PATH_MAX];
    if (!below(at, path, full)) return (int)syscall(SYS_unlinkat, at, path, flags);
    int error = fault('o');
    if (error) {
        errno = error;
        return -1;
    }
    pthread_mutex_lock(&lock);
    int result = (int)syscall(SYS_unlinkat, at, path, flags);
    if (result == 0) record('U', 0, 0, 0, full + root_length + 1, strlen(full + root_length + 1));
    pthread_mutex_unlock(&lock);
    return result;
}

int unlink(const char *path) { return removed(AT_FDCWD, path, 0); }
int unlinkat(int at, const char *path, int flags) { return removed(at, path, flags); }
int remove(const char *path) {
    int result = removed(AT_FDCWD, path, 0);
    return result && errno == EISDIR ? removed(AT_FDCWD, path, AT_REMOVEDIR) : result;
}

static int moved(int from_at, const char *from, int to_at, const char *to) {
    char old[PATH_MAX], new[PATH_MAX], both[2 * PATH_MAX];
    int watches = below(from_at, from, old);
    if (!watches || !below(to_at, to, new)) return (int)syscall(SYS_renameat, from_at, from, to_at, to);
    int error = fault('o');
    if (error) {
        errno = error;
        return -1;
    }
    size_t first = strlen(old + root_length + 1) + 1, second = strlen(new + root_length + 1);
    memcpy(both, old + root_length + 1, first);
    memcpy(both + first, new + root_length + 1, second);
    pthread_mutex_lock(&lock);
    int result = (int)syscall(SYS_renameat, from_at, from, to_at, to);
    if (result == 0) record('R', 0, 0, 0, both, first + second);
    pthread_mutex_unlock(&lock);
    return result;
}

int rename(const char *from, const char *to) { return moved(AT_FDCWD, from, AT_FDCWD, to); }
int renameat(int from_at, const char *from, int to_at, const char *to) { return moved(from_at, from, to_at, to); }
