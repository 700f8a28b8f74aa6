/* SPDX-License-Identifier: BSD-2-Clause */
/* Described members of structs. See fields.h. */
#include "fields.h"

#include <stdbool.h>

#define LINE 80 /* columns of a terminal */

static json_t *value_of(const struct field *field, const void *object)
{
	const char *at = (const char *)object + field->offset;

	switch (field->kind) {
	case FIELD_BOOL: return json_boolean(*(const bool *)at);
	case FIELD_UINT: return json_integer(*(const unsigned *)at);
	case FIELD_UINT64: return json_integer((json_int_t)*(const uint64_t *)at);
	case FIELD_DOUBLE: return json_real(*(const double *)at);
	case FIELD_TEXT:
	case FIELD_OPTIONAL: return json_string(*(const char *const *)at);
	case FIELD_CHARS: return json_string(at);
	case FIELD_VALUE: return *(json_t *const *)at;
	}
	return NULL;
}

json_t *fields_json(const struct field *fields, const void *object)
{
	json_t *result = json_object();

	for (const struct field *field = fields; field->key; field++)
		json_object_set_new(result, field->key, value_of(field, object));
	return result;
}

static const struct field *find_place(const struct field *fields, unsigned place)
{
	for (; fields->key; fields++)
		if (fields->place == place)
			return fields;
	return NULL;
}

void fields_print(const char *title, const struct field *fields, const json_t *object, FILE *to)
{
	int column = fprintf(to, "%-8s ", title);
	const struct field *field;
	char word[96];

	for (unsigned place = 1; (field = find_place(fields, place)); place++) {
		json_int_t value = json_integer_value(json_object_get(object, field->key));
		bool more = find_place(fields, place + 1);
		int len = snprintf(word, sizeof(word), " %lld %s%s", (long long)value, field->key,
				   more ? "," : "");

		if (column + len > LINE)
			column = fprintf(to, "\n%-8s ", "") - 1;
		column += fprintf(to, "%s", word);
	}
	fputc('\n', to);
}
