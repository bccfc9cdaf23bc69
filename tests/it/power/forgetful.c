/* Logs, in order, what a program asks of a disk, for a test that then simulates the loss of unsynced data.
 *
 * Preloaded (LD_PRELOAD), it writes a record to FORGETFUL_LOG for every change of a file in the folder FORGETFUL_DIR, for
 * every sync, and for what is sent over sockets or said on stdout and stderr. A record is a line `KIND<TAB>PATH<TAB>OFFSET<TAB>LENGTH`
 * and so many bytes. Kinds: C created, W written, T cut to OFFSET, F synced, U removed, R renamed (to what
 * the bytes say), S sent, O said.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static int log_fd = -1;
static const char *folder = "";
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("FORGETFUL_LOG");
    if (getenv("FORGETFUL_DIR")) folder = getenv("FORGETFUL_DIR");
    if (path) log_fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void record(char kind, const char *path, long long offset, const struct iovec *parts, int count, size_t length) {
    if (log_fd < 0) return;
    char head[PATH_MAX + 64];
    int size = snprintf(head, sizeof head, "%c\t%s\t%lld\t%zu\n", kind, path, offset, length);
    pthread_mutex_lock(&lock);
    syscall(SYS_write, log_fd, head, size);
    for (int i = 0; i < count && length > 0; i++) {
        size_t some = parts[i].iov_len < length ? parts[i].iov_len : length;
        syscall(SYS_write, log_fd, parts[i].iov_base, some);
        length -= some;
    }
    pthread_mutex_unlock(&lock);
}

/* The path of an open file, where it is in the folder, or is it. */
static int in_folder(int fd, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, PATH_MAX - 1);
    if (size < 0 || !*folder) return 0;
    path[size] = 0;
    return strncmp(path, folder, strlen(folder)) == 0;
}

static void changed(char kind, int fd, long long offset, const void *bytes, size_t length) {
    char path[PATH_MAX];
    struct iovec part = {(void *)bytes, length};
    if (in_folder(fd, path)) record(kind, path, offset, &part, bytes ? 1 : 0, length);
}

static void sent(int fd, const struct iovec *parts, int count) {
    size_t length = 0;
    for (int i = 0; i < count; i++) length += parts[i].iov_len;
    struct stat is;
    if (fd == 1 || fd == 2) record('O', "-", 0, parts, count, length);
    else if (fstat(fd, &is) == 0 && S_ISSOCK(is.st_mode)) record('S', "-", 0, parts, count, length);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) {
    changed('W', fd, offset, bytes, length);
    return REAL(pwrite)(fd, bytes, length, offset);
}
ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) {
    changed('W', fd, offset, bytes, length);
    return REAL(pwrite64)(fd, bytes, length, offset);
}
ssize_t write(int fd, const void *bytes, size_t length) {
    struct iovec part = {(void *)bytes, length};
    changed('W', fd, lseek(fd, 0, SEEK_CUR), bytes, length);
    sent(fd, &part, 1);
    return REAL(write)(fd, bytes, length);
}
ssize_t writev(int fd, const struct iovec *parts, int count) {
    sent(fd, parts, count);
    return REAL(writev)(fd, parts, count);
}
ssize_t send(int fd, const void *bytes, size_t length, int flags) {
    struct iovec part = {(void *)bytes, length};
    sent(fd, &part, 1);
    return REAL(send)(fd, bytes, length, flags);
}
ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    sent(fd, message->msg_iov, (int)message->msg_iovlen);
    return REAL(sendmsg)(fd, message, flags);
}
int ftruncate(int fd, off_t size) {
    changed('T', fd, size, NULL, 0);
    return REAL(ftruncate)(fd, size);
}
int ftruncate64(int fd, off64_t size) {
    changed('T', fd, size, NULL, 0);
    return REAL(ftruncate64)(fd, size);
}

/* Logged after it succeeded. */
int fsync(int fd) {
    int done = REAL(fsync)(fd);
    if (done == 0) changed('F', fd, 0, NULL, 0);
    return done;
}
int fdatasync(int fd) {
    int done = REAL(fdatasync)(fd);
    if (done == 0) changed('F', fd, 0, NULL, 0);
    return done;
}

static int opened(int fd, int is_new) {
    if (fd >= 0 && is_new) changed('C', fd, 0, NULL, 0);
    return fd;
}
#define OPEN(name)                                                        \
    int name(const char *path, int flags, ...) {                          \
        va_list rest;                                                     \
        va_start(rest, flags);                                            \
        mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;         \
        va_end(rest);                                                     \
        int is_new = (flags & O_CREAT) && access(path, F_OK) != 0;        \
        return opened(REAL(name)(path, flags, mode), is_new);             \
    }
OPEN(open)
OPEN(open64)

int rename(const char *from, const char *to) {
    char real[PATH_MAX], path[PATH_MAX + 64];
    int inside = realpath(from, real) && *folder && strncmp(real, folder, strlen(folder)) == 0;
    int done = REAL(rename)(from, to);
    if (done == 0 && inside && realpath(to, path)) {
        struct iovec part = {path, strlen(path)};
        record('R', real, 0, &part, 1, part.iov_len);
    }
    return done;
}

int unlink(const char *path) {
    char real[PATH_MAX];
    if (realpath(path, real) && *folder && strncmp(real, folder, strlen(folder)) == 0) record('U', real, 0, NULL, 0, 0);
    return REAL(unlink)(path);
}
