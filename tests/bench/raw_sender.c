/* SPDX-License-Identifier: Apache-2.0
 *
 * Sends Ethernet frames into an interface at a steady rate, faster than any program that reads them
 * from a file: raw_sender INTERFACE FRAMES RATE COUNT
 *
 * FRAMES holds frames, each after its length in two octets, big-endian. Every run of '@' in them is
 * overwritten with the number of the round, so that no two rounds carry the same call. RATE is in
 * frames a second, 0 for as fast as it goes. Prints how many frames the interface took, how many it
 * refused for lack of room, and the seconds it took.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { BATCH = 32, MOST_FRAMES = 1024, LONGEST = 2048 };

struct frame {
    unsigned char data[LONGEST];
    size_t size;
};

static struct frame frames[MOST_FRAMES], batch[BATCH];
static struct iovec parts[BATCH];
static struct mmsghdr messages[BATCH];

static size_t read_frames(const char *path)
{
    FILE *file = fopen(path, "rb");
    size_t count = 0;
    int high, low;
    while (file && count < MOST_FRAMES && (high = getc(file)) != EOF && (low = getc(file)) != EOF) {
        frames[count].size = (size_t)high << 8 | (size_t)low;
        if (frames[count].size > LONGEST ||
            fread(frames[count].data, 1, frames[count].size, file) != frames[count].size)
            return 0;
        count++;
    }
    return count;
}

static void number(struct frame *frame, unsigned long round)
{
    for (size_t at = frame->size; at > 0; at--) {
        unsigned long rest = round;
        for (; at > 0 && frame->data[at - 1] == '@'; at--, rest /= 10)
            frame->data[at - 1] = (unsigned char)('0' + rest % 10);
        if (at == 0)
            break;
    }
}

static int opened(const char *interface)
{
    int raw = socket(AF_PACKET, SOCK_RAW, 0), yes = 1;
    struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(interface)};
    setsockopt(raw, SOL_PACKET, PACKET_QDISC_BYPASS, &yes, sizeof yes);
    return bind(raw, (struct sockaddr *)&to, sizeof to) ? -1 : raw;
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void wait_until(double due)
{
    struct timespec at = {.tv_sec = (time_t)due};
    at.tv_nsec = (long)((due - (double)at.tv_sec) * 1e9);
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

int main(int argc, char **argv)
{
    size_t known = argc == 5 ? read_frames(argv[2]) : 0;
    int raw = argc == 5 ? opened(argv[1]) : -1;
    if (!known || raw < 0)
        return 2;
    double rate = atof(argv[3]), began = seconds();
    unsigned long count = strtoul(argv[4], NULL, 10), made = 0, taken = 0, refused = 0;
    for (int at = 0; at < BATCH; at++) {
        parts[at].iov_base = batch[at].data;
        messages[at].msg_hdr.msg_iov = &parts[at];
        messages[at].msg_hdr.msg_iovlen = 1;
    }
    while (made < count) {
        unsigned size = count - made < BATCH ? (unsigned)(count - made) : BATCH, done = 0;
        for (unsigned at = 0; at < size; at++, made++) {
            batch[at].size = frames[made % known].size;
            memcpy(batch[at].data, frames[made % known].data, batch[at].size);
            number(&batch[at], made / known);
            parts[at].iov_len = batch[at].size;
        }
        if (rate > 0)
            wait_until(began + (double)(made - size) / rate);
        while (done < size) {
            int sent = sendmmsg(raw, messages + done, size - done, 0);
            if (sent > 0) {
                done += (unsigned)sent, taken += (unsigned)sent;
            } else if (errno == ENOBUFS) {
                done++, refused++;
            } else {
                return 1;
            }
        }
    }
    printf("%lu %lu %.6f\n", taken, refused, seconds() - began);
    return 0;
}
