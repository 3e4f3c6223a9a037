/*
 * A peer that sends TCP's urgent data, which Node cannot: `urgent PORT WORD...` connects to 127.0.0.1 and sends each word, the one that
 * begins with `!` as urgent (its last byte is the urgent one); then it holds the connection until its input ends.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REST_US = 20000 };

int main(int argc, char *argv[])
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	char octet;
	int peer;

	if (argc < 2) return 2;
	to.sin_port = htons((uint16_t)atoi(argv[1]));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (peer < 0 || connect(peer, (struct sockaddr *)&to, sizeof to) != 0) return 1;
	for (int index = 2; index < argc; index++) {
		int flags = argv[index][0] == '!' ? MSG_OOB : 0;
		const char *word = argv[index] + (flags ? 1 : 0);
		if (send(peer, word, strlen(word), flags | MSG_NOSIGNAL) != (ssize_t)strlen(word)) return 1;
		usleep(REST_US);
	}
	while (read(STDIN_FILENO, &octet, 1) > 0) continue;
	close(peer);
	return 0;
}
