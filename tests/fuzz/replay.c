/* Runs a fuzz target over the files named on the command line, so that the
 * corpus is part of `make check` without libFuzzer. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
replay(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = NULL;
	long size = -1;
	int rc = -1;

	if (f == NULL || fseek(f, 0, SEEK_END) != 0)
		goto out;
	size = ftell(f);
	if (size < 0 || fseek(f, 0, SEEK_SET) != 0)
		goto out;
	data = malloc((size_t)size + 1);
	if (data == NULL || fread(data, 1, (size_t)size, f) != (size_t)size)
		goto out;
	rc = LLVMFuzzerTestOneInput(data, (size_t)size);
out:
	free(data);
	if (f != NULL)
		fclose(f);
	return rc;
}

int
main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (replay(argv[i]) != 0) {
			fprintf(stderr, "replay: %s failed\n", argv[i]);
			return 1;
		}
	}
	printf("%s: %d inputs replayed\n", argv[0], argc - 1);
	return 0;
}
