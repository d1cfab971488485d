/* nng, request and reply: nng PATH LENGTH serves; nng PATH LENGTH client sends as many messages
   as each line of standard input says, then prints that it has. */
#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <nng/protocol/reqrep0/req.h>
#include <stdio.h>
#include <stdlib.h>

int main(int count, char **words) {
    char url[200], line[40];
    snprintf(url, sizeof url, "ipc://%s", words[1]);
    size_t length = strtoul(words[2], NULL, 10);
    nng_socket socket;
    nng_msg *message;
    if (count == 3) {
        if (nng_rep0_open(&socket) || nng_socket_set_size(socket, NNG_OPT_RECVMAXSZ, 0) ||
            nng_listen(socket, url, NULL, 0))
            return 1;
        for (;;)
            if (nng_recvmsg(socket, &message, 0) || nng_sendmsg(socket, message, 0)) return 1;
    }
    if (nng_req0_open(&socket) || nng_socket_set_size(socket, NNG_OPT_RECVMAXSZ, 0) ||
        nng_dial(socket, url, NULL, 0))
        return 1;
    while (fgets(line, sizeof line, stdin)) {
        for (long left = atol(line); left > 0; left--) {
            if (nng_msg_alloc(&message, length) || nng_sendmsg(socket, message, 0) ||
                nng_recvmsg(socket, &message, 0) || nng_msg_len(message) != length)
                return 1;
            nng_msg_free(message);
        }
        puts("done");
        fflush(stdout);
    }
    return 0;
}
