/*
 * Names with several addresses, whatever the machine's own resolver says: preloaded before a host, it answers for
 * `second.test` 127.0.0.2, then 127.0.0.1, for `sixth.test` ::1, then 127.0.0.1, and for `neither.test` 127.0.0.2 and 127.0.0.3.
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
	struct addrinfo info;
	struct sockaddr_storage address;
} Entry;

static struct addrinfo *entry(const char *text, struct addrinfo *next)
{
	Entry *made = calloc(1, sizeof *made);

	if (!made) abort();
	made->info.ai_addr = (struct sockaddr *)&made->address;
	made->info.ai_socktype = SOCK_STREAM;
	made->info.ai_next = next;
	if (strchr(text, ':')) {
		struct sockaddr_in6 *six = (struct sockaddr_in6 *)&made->address;
		six->sin6_family = AF_INET6;
		inet_pton(AF_INET6, text, &six->sin6_addr);
		made->info.ai_addrlen = sizeof *six;
	}
	else {
		struct sockaddr_in *four = (struct sockaddr_in *)&made->address;
		four->sin_family = AF_INET;
		inet_pton(AF_INET, text, &four->sin_addr);
		made->info.ai_addrlen = sizeof *four;
	}
	made->info.ai_family = made->address.ss_family;
	return &made->info;
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
	(void)service, (void)hints;
	if (strcmp(name, "second.test") == 0) *found = entry("127.0.0.2", entry("127.0.0.1", NULL));
	else if (strcmp(name, "sixth.test") == 0) *found = entry("::1", entry("127.0.0.1", NULL));
	else if (strcmp(name, "neither.test") == 0) *found = entry("127.0.0.2", entry("127.0.0.3", NULL));
	else return EAI_NONAME;
	return 0;
}

void freeaddrinfo(struct addrinfo *list)
{
	while (list) {
		struct addrinfo *next = list->ai_next;
		free(list);
		list = next;
	}
}
