/* ZeroMQ, request and reply: zeromq PATH LENGTH serves; zeromq PATH LENGTH client sends as many
   messages as each line of standard input says, then prints that it has. */
#include <stdio.h>
#include <stdlib.h>
#include <zmq.h>

int main(int count, char **words) {
    char url[200], line[40];
    snprintf(url, sizeof url, "ipc://%s", words[1]);
    size_t length = strtoul(words[2], NULL, 10);
    void *context = zmq_ctx_new();
    if (count == 3) {
        void *socket = zmq_socket(context, ZMQ_REP);
        if (zmq_bind(socket, url) != 0) return 1;
        for (;;) {
            zmq_msg_t message;
            zmq_msg_init(&message);
            if (zmq_msg_recv(&message, socket, 0) < 0 || zmq_msg_send(&message, socket, 0) < 0)
                return 1;
        }
    }
    void *socket = zmq_socket(context, ZMQ_REQ);
    char *buffer = calloc(1, length + 1);
    if (zmq_connect(socket, url) != 0) return 1;
    while (fgets(line, sizeof line, stdin)) {
        for (long left = atol(line); left > 0; left--)
            if (zmq_send(socket, buffer, length, 0) < 0 ||
                zmq_recv(socket, buffer, length, 0) != (int)length)
                return 1;
        puts("done");
        fflush(stdout);
    }
    return 0;
}
