// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//
// A load generator of one thread for MQTT 3.1.1 on loopback: pairs of a publisher and a subscriber with a topic of
// their own. Prints one line of JSON. Compiled and run by bench.py.
//
//   load -p port [-m both|publish|drain] [-g pairs] [-n messages of a publisher] [-w window] [-s bytes] [-q QoS]
//        [-k] [-B pid of the broker] [-i milliseconds]
//
//   both     subscribers are there, and get what is published
//   publish  subscribers subscribe and leave: what is published waits for them. Needs -k
//   drain    subscribers come back and get what waits for them
//   -k       sessions of subscribers are kept (Clean Session 0)
//   -i       the broker's CPU time is read so long after the end: it may write later what it has acknowledged
//
// A publisher has at most `window` messages that are not acknowledged (QoS 1), or not delivered yet (both).

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

typedef struct {
    uint8_t *bytes;
    size_t start, end, capacity;
} Buffer;

typedef struct Line {
    int fd, pair, subscribes, wants_out, ready;
    Buffer in, out;
    uint16_t identifier;
    uint64_t sent, acknowledged;
    uint64_t *times;  // By packet identifier, when a message was sent.
} Line;

typedef struct {
    uint32_t *values;
    size_t count, capacity;
    uint64_t seen, every;
} Sample;

enum { BOTH, PUBLISH, DRAIN };

static int port = 1883, mode = BOTH, pairs = 100, size = 64, qos = 1, keeps = 0, broker = 0, after = 0;
static uint64_t count = 1000, window = 10;
static int poll_fd;
static uint64_t *delivered, total_delivered, total_acknowledged;
static Sample acknowledged_after, delivered_after;

static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void fail(const char *what) {
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static double broker_seconds(void) {
    clockid_t clock;
    struct timespec t;
    if (!broker || clock_getcpuclockid(broker, &clock) || clock_gettime(clock, &t)) return 0;
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void note(Sample *sample, uint64_t nanoseconds) {
    if (sample->seen++ % sample->every || sample->count == sample->capacity) return;
    uint64_t us = nanoseconds / 1000;
    sample->values[sample->count++] = us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
}

static int compare(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static uint32_t percentile(const Sample *sample, double share) {
    return sample->count ? sample->values[(size_t)((double)(sample->count - 1) * share)] : 0;
}

static uint8_t *room(Buffer *b, size_t n) {
    if (b->start == b->end) b->start = b->end = 0;
    if (b->end + n > b->capacity && b->start) {
        memmove(b->bytes, b->bytes + b->start, b->end - b->start);
        b->end -= b->start;
        b->start = 0;
    }
    if (b->end + n > b->capacity) {
        b->capacity = (b->end + n) * 2;
        b->bytes = realloc(b->bytes, b->capacity);
        if (!b->bytes) fail("memory");
    }
    return b->bytes + b->end;
}

static void append(Buffer *b, const void *data, size_t n) {
    memcpy(room(b, n), data, n);
    b->end += n;
}

static size_t put_length(uint8_t *at, uint32_t value) {
    size_t n = 0;
    do {
        at[n] = (uint8_t)(value % 128);
        value /= 128;
        if (value) at[n] |= 128;
        n++;
    } while (value);
    return n;
}

static void flush(Line *line) {
    Buffer *b = &line->out;
    while (b->start < b->end) {
        ssize_t n = send(line->fd, b->bytes + b->start, b->end - b->start, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) break;
        if (n < 0) fail("send");
        b->start += (size_t)n;
    }
    int wants = b->start < b->end;
    if (wants == line->wants_out) return;
    line->wants_out = wants;
    struct epoll_event event = {.events = EPOLLIN | (wants ? EPOLLOUT : 0), .data.ptr = line};
    epoll_ctl(poll_fd, EPOLL_CTL_MOD, line->fd, &event);
}

static void send_connect(Line *line) {
    char name[32];
    int n = snprintf(name, sizeof name, "load-%s-%d", line->subscribes ? "s" : "p", line->pair);
    uint8_t flags = line->subscribes && keeps ? 0 : 2;
    uint8_t head[] = {0x10, (uint8_t)(12 + n), 0, 4, 'M', 'Q', 'T', 'T', 4, flags, 0, 0, 0, (uint8_t)n};
    append(&line->out, head, sizeof head);
    append(&line->out, name, (size_t)n);
    flush(line);
}

static size_t topic(const Line *line, char *out) { return (size_t)sprintf(out, "load/%d/data", line->pair); }

static void send_subscribe(Line *line) {
    char name[32];
    size_t n = topic(line, name);
    uint8_t head[] = {0x82, (uint8_t)(5 + n), 0, 1, 0, (uint8_t)n}, options = (uint8_t)qos;
    append(&line->out, head, sizeof head);
    append(&line->out, name, n);
    append(&line->out, &options, 1);
    flush(line);
}

static void publish(Line *line) {
    char name[32];
    size_t n = topic(line, name), body = 2 + n + (qos ? 2 : 0) + (size_t)size;
    int did = 0;
    while (line->sent < count && (!qos || line->sent - line->acknowledged < window) &&
           (mode != BOTH || line->sent - delivered[line->pair] < window)) {
        uint8_t *start = room(&line->out, body + 8), *at = start;
        *at++ = (uint8_t)(0x30 | qos << 1);
        at += put_length(at, (uint32_t)body);
        *at++ = 0;
        *at++ = (uint8_t)n;
        memcpy(at, name, n);
        at += n;
        uint64_t time = now();
        if (qos) {
            if (++line->identifier == 0) line->identifier = 1;
            *at++ = (uint8_t)(line->identifier >> 8);
            *at++ = (uint8_t)line->identifier;
            line->times[line->identifier] = time;
        }
        memset(at, 'x', (size_t)size);
        memcpy(at, &time, 8);
        line->out.end += (size_t)(at - start) + (size_t)size;
        line->sent++;
        did = 1;
    }
    if (did) flush(line);
}

static void handle(Line *line, uint8_t head, const uint8_t *p) {
    switch (head >> 4) {
    case 2:
        if (p[1]) fail("CONNACK refuses");
        if (line->subscribes && mode != DRAIN) send_subscribe(line);
        else line->ready = 1;
        break;
    case 9: line->ready = 1; break;
    case 3: {
        size_t o = 2 + (size_t)(p[0] << 8 | p[1]);
        int level = head >> 1 & 3;
        if (level == 1) {
            uint8_t answer[] = {0x40, 2, p[o], p[o + 1]};
            append(&line->out, answer, sizeof answer);
        }
        if (level) o += 2;
        uint64_t time;
        memcpy(&time, p + o, 8);
        delivered[line->pair]++;
        total_delivered++;
        if (mode == BOTH) note(&delivered_after, now() - time);
        break;
    }
    case 4: {
        uint16_t identifier = (uint16_t)(p[0] << 8 | p[1]);
        line->acknowledged++;
        total_acknowledged++;
        note(&acknowledged_after, now() - line->times[identifier]);
        break;
    }
    default: break;
    }
}

static void read_all(Line *line) {
    Buffer *b = &line->in;
    for (;;) {
        uint8_t *at_end = room(b, 65536);
        ssize_t n = recv(line->fd, at_end, b->capacity - b->end, 0);
        if (n == 0) {
            errno = 0;
            fail("the broker closed a connection");
        }
        if (n < 0 && errno == EAGAIN) break;
        if (n < 0) fail("recv");
        b->end += (size_t)n;
        for (;;) {
            size_t have = b->end - b->start, at = 1;
            const uint8_t *p = b->bytes + b->start;
            uint32_t length = 0;
            int shift = 0, complete = 0;
            while (at < have && at < 5) {
                length |= (uint32_t)(p[at] & 127) << shift;
                shift += 7;
                if (!(p[at++] & 128)) {
                    complete = 1;
                    break;
                }
            }
            if (!complete || have < at + length) break;
            handle(line, p[0], p + at);
            b->start += at + length;
        }
        if (b->capacity > b->end) break;
    }
    if (line->out.start < line->out.end) flush(line);
}

static void turn(int milliseconds) {
    struct epoll_event events[512];
    int n = epoll_wait(poll_fd, events, 512, milliseconds);
    for (int i = 0; i < n; i++) {
        Line *line = events[i].data.ptr;
        if (events[i].events & EPOLLOUT) flush(line);
        if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) read_all(line);
    }
}

static void connect_line(Line *line) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    line->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (line->fd < 0 || connect(line->fd, (struct sockaddr *)&address, sizeof address)) fail("connect");
    int one = 1;
    setsockopt(line->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(line->fd, F_SETFL, O_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = line};
    epoll_ctl(poll_fd, EPOLL_CTL_ADD, line->fd, &event);
    send_connect(line);
}

static Line *add(int pair, int subscribes) {
    Line *line = calloc(1, sizeof *line);
    if (!line) fail("memory");
    line->pair = pair;
    line->subscribes = subscribes;
    if (!subscribes) line->times = calloc(65536, sizeof *line->times);
    connect_line(line);
    return line;
}

static void wait_ready(Line **lines, int n) {
    for (int i = 0; i < n; i++) {
        while (!lines[i]->ready) turn(1000);
    }
}

static void make(Sample *sample, uint64_t expected) {
    sample->capacity = 1 << 20;
    sample->values = malloc(sample->capacity * sizeof *sample->values);
    sample->every = expected / sample->capacity + 1;
}

int main(int argc, char **argv) {
    int option;
    while ((option = getopt(argc, argv, "p:m:g:n:w:s:q:kB:i:")) != -1) {
        switch (option) {
        case 'p': port = atoi(optarg); break;
        case 'm': mode = !strcmp(optarg, "publish") ? PUBLISH : !strcmp(optarg, "drain") ? DRAIN : BOTH; break;
        case 'g': pairs = atoi(optarg); break;
        case 'n': count = strtoull(optarg, 0, 10); break;
        case 'w': window = strtoull(optarg, 0, 10); break;
        case 's': size = atoi(optarg); break;
        case 'q': qos = atoi(optarg); break;
        case 'k': keeps = 1; break;
        case 'B': broker = atoi(optarg); break;
        case 'i': after = atoi(optarg); break;
        default: fprintf(stderr, "load: see the head of load.c\n"); return 2;
        }
    }
    if (size < 8) size = 8;
    poll_fd = epoll_create1(0);
    delivered = calloc((size_t)pairs, sizeof *delivered);
    Line **subscribers = calloc((size_t)pairs, sizeof *subscribers);
    Line **publishers = calloc((size_t)pairs, sizeof *publishers);
    uint64_t expected = (uint64_t)pairs * count;
    make(&acknowledged_after, expected);
    make(&delivered_after, expected);
    // In drain, what waits comes with the connection: so the time begins before.
    double cpu = broker_seconds();
    uint64_t began = now(), last = 0, last_time = began;
    for (int i = 0; i < pairs; i++) subscribers[i] = add(i, 1);
    wait_ready(subscribers, pairs);
    if (mode == PUBLISH) {
        for (int i = 0; i < pairs; i++) {
            send(subscribers[i]->fd, "\xe0\0", 2, MSG_NOSIGNAL);
            close(subscribers[i]->fd);
        }
    }
    if (mode != DRAIN) {
        for (int i = 0; i < pairs; i++) publishers[i] = add(i, 0);
        wait_ready(publishers, pairs);
        usleep(200000);
        cpu = broker_seconds();
        began = last_time = now();
    }
    while ((mode != PUBLISH && total_delivered < expected) || (mode != DRAIN && qos && total_acknowledged < expected)) {
        if (mode != DRAIN) {
            for (int i = 0; i < pairs; i++) publish(publishers[i]);
        }
        turn(100);
        uint64_t t = now(), progress = total_delivered + total_acknowledged;
        if (progress != last) {
            last = progress;
            last_time = t;
        } else if (t - last_time > 20000000000u) {
            fprintf(stderr, "load: stalled: %lu delivered, %lu acknowledged, %lu wanted\n", total_delivered,
                    total_acknowledged, expected);
            return 1;
        }
    }
    double seconds = (double)(now() - began) / 1e9;
    // Without this the acknowledgements that were written last would be cut off with their lines.
    for (int i = 0; i < pairs && mode != PUBLISH; i++) flush(subscribers[i]);
    usleep((useconds_t)after * 1000);
    double used = broker_seconds() - cpu;
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    qsort(acknowledged_after.values, acknowledged_after.count, sizeof(uint32_t), compare);
    qsort(delivered_after.values, delivered_after.count, sizeof(uint32_t), compare);
    printf("{\"messages\": %lu, \"seconds\": %.3f, \"rate\": %.0f, \"broker_cpu_us\": %.3f, "
           "\"ack_p50_us\": %u, \"ack_p99_us\": %u, \"delivery_p50_us\": %u, \"delivery_p99_us\": %u, "
           "\"own_cpu_s\": %.2f}\n",
           expected, seconds, (double)expected / seconds, used * 1e6 / (double)expected,
           percentile(&acknowledged_after, 0.5), percentile(&acknowledged_after, 0.99),
           percentile(&delivered_after, 0.5), percentile(&delivered_after, 0.99),
           (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
               (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
    return 0;
}
