/* SPDX-License-Identifier: BSD-2-Clause */
/* The program, installed as tmip-agent and as tmipd: its name chooses the command line. */
#include <string.h>

#include "cli.h"

int main(int argc, char **argv)
{
	const char *slash = argc ? strrchr(argv[0], '/') : NULL;
	const char *name = slash ? slash + 1 : argc ? argv[0] : "";

	return strcmp(name, "tmipd") == 0 ? cli_tmipd(argc, argv) : cli_main(argc, argv);
}
