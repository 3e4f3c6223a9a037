/*
 * What the download of an image cannot do without, and nothing else: each 4 KiB sector is erased, synced, hashed, written,
 * synced; each 64 KiB chunk's digest is compared; then all of it is read back in pieces of 4 KiB, hashed, compared.
 *
 * update-writer FILE FOLDER: FILE has the image's size and is written in place; FOLDER has `base`, `chunks`, `digest`
 * (tools/bench/update.ts). Prints the nanoseconds of processor time of the counted region.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <psa/crypto.h>

#include "region.h"

enum { PIECE = 4096, CHUNK = 65536, CHUNKS = 64, STEP = 832, DIGEST = 32, BASE = PIECE + (CHUNKS + CHUNK / PIECE - 2) * STEP };

static uint8_t base[BASE], chunks[CHUNKS * DIGEST], whole[DIGEST];

static void must(int done, const char *what)
{
	if (done) return;
	fprintf(stderr, "update-writer: %s\n", what);
	exit(1);
}

static void load(const char *folder, const char *name, uint8_t *bytes, size_t count)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	file = fopen(path, "rb");
	must(file && fread(bytes, 1, count, file) == count, path);
	fclose(file);
}

static void put(int file, const uint8_t *bytes, off_t offset)
{
	must(pwrite(file, bytes, PIECE, offset) == PIECE, "write");
	must(fdatasync(file) == 0, "sync");
}

static void begin(psa_hash_operation_t *hash)
{
	*hash = psa_hash_operation_init();
	must(psa_hash_setup(hash, PSA_ALG_SHA_256) == PSA_SUCCESS, "hash");
}

static void end(psa_hash_operation_t *hash, const uint8_t *expected)
{
	uint8_t found[DIGEST];
	size_t length;

	must(psa_hash_finish(hash, found, sizeof found, &length) == PSA_SUCCESS, "hash");
	must(memcmp(found, expected, DIGEST) == 0, "digest");
}

static void write_chunk(int file, int chunk)
{
	static uint8_t erased[PIECE];
	psa_hash_operation_t hash;

	memset(erased, 0xff, sizeof erased);
	begin(&hash);
	for (int at = 0; at < CHUNK; at += PIECE) {
		const uint8_t *piece = base + (chunk + at / PIECE) * STEP;
		off_t offset = (off_t)chunk * CHUNK + at;
		must(psa_hash_update(&hash, piece, PIECE) == PSA_SUCCESS, "hash");
		put(file, erased, offset);
		put(file, piece, offset);
	}
	end(&hash, chunks + chunk * DIGEST);
}

static void read_back(int file)
{
	uint8_t piece[PIECE];
	psa_hash_operation_t hash;

	begin(&hash);
	for (off_t offset = 0; offset < (off_t)CHUNKS * CHUNK; offset += PIECE) {
		must(pread(file, piece, PIECE, offset) == PIECE, "read");
		must(psa_hash_update(&hash, piece, PIECE) == PSA_SUCCESS, "hash");
	}
	end(&hash, whole);
}

int main(int argc, char *argv[])
{
	struct timespec from, to;
	int file;

	must(argc == 3, "FILE FOLDER");
	must(psa_crypto_init() == PSA_SUCCESS, "crypto");
	load(argv[2], "base", base, sizeof base);
	load(argv[2], "chunks", chunks, sizeof chunks);
	load(argv[2], "digest", whole, sizeof whole);
	file = open(argv[1], O_RDWR | O_CLOEXEC);
	must(file >= 0, argv[1]);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	REGION_TOGGLE();
	for (int chunk = 0; chunk < CHUNKS; chunk++) write_chunk(file, chunk);
	read_back(file);
	REGION_TOGGLE();
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	printf("%lld\n", (long long)(to.tv_sec - from.tv_sec) * 1000000000 + (to.tv_nsec - from.tv_nsec));
	return 0;
}
