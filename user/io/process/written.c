/* SPDX-License-Identifier: BSD-2-Clause */
/* The first line of a status file. See written.h. */
#include "written.h"

#include <time.h>
#include <unistd.h>

void written_print(FILE *to, bool ended)
{
	time_t now = time(NULL);
	struct tm parts;
	char text[32];

	localtime_r(&now, &parts);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &parts);
	if (ended)
		fprintf(to, "written   %s by process %d, which has ended\n", text, (int)getpid());
	else
		fprintf(to, "written   %s by process %d, every %d s while it lives\n", text,
			(int)getpid(), WRITTEN_EVERY_S);
}
