/* SPDX-License-Identifier: MIT */
/* timestamp.c - times as text: ISO 8601 dates in UTC, to the microsecond. */
#include "timestamp.h"

#include <string.h>

#define SECOND INT64_C(1000000)
#define DAY (86400 * SECOND)

/* Days from 1970-01-01 to a date of the Gregorian calendar. The year is taken to start in March, so that the leap day
 * is its last; 400 years are 146,097 days. */
static int64_t days_from_date(int64_t year, int month, int day)
{
	int64_t shifted = month <= 2 ? year - 1 : year;
	int64_t era = (shifted >= 0 ? shifted : shifted - 399) / 400;
	int64_t year_of_era = shifted - era * 400;
	int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

/* For years from 1 to 9999. Unsigned numbers of 32 bits are divided in half the instructions: a page has a hundred
 * times.
 */
static void date_from_days(int64_t days, unsigned *year, unsigned *month, unsigned *day)
{
	uint32_t shifted = (uint32_t)(days + 719468);
	uint32_t era = shifted / 146097;
	uint32_t day_of_era = shifted - era * 146097;
	uint32_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	uint32_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	uint32_t march_month = (5 * day_of_year + 2) / 153;

	*day = day_of_year - (153 * march_month + 2) / 5 + 1;
	*month = march_month < 10 ? march_month + 3 : march_month - 9;
	*year = year_of_era + era * 400 + (*month <= 2);
}

static char *put_pair(char *out, unsigned value)
{
	static const char pairs[] = "0001020304050607080910111213141516171819"
				    "2021222324252627282930313233343536373839"
				    "4041424344454647484950515253545556575859"
				    "6061626364656667686970717273747576777879"
				    "8081828384858687888990919293949596979899";

	memcpy(out, pairs + 2 * value, 2);
	return out + 2;
}

size_t timestamp_format(int64_t microseconds, char separator, char out[TIMESTAMP_SIZE])
{
	const int64_t first = -62135596800 * SECOND, last = 253402300800 * SECOND - 1;
	int64_t clamped = microseconds < first ? first : microseconds > last ? last : microseconds;
	int64_t days = (clamped >= 0 ? clamped : clamped - (DAY - 1)) / DAY;
	int64_t in_day = clamped - days * DAY;
	unsigned seconds = (unsigned)(in_day / SECOND), fraction = (unsigned)(in_day % SECOND);
	unsigned year, month, day;
	char *end = out;

	date_from_days(days, &year, &month, &day);
	end = put_pair(put_pair(end, year / 100), year % 100);
	*end++ = '-';
	end = put_pair(end, month);
	*end++ = '-';
	end = put_pair(end, day);
	*end++ = separator;
	end = put_pair(end, seconds / 3600);
	*end++ = ':';
	end = put_pair(end, seconds / 60 % 60);
	*end++ = ':';
	end = put_pair(end, seconds % 60);
	if (fraction != 0) {
		*end++ = '.';
		end = put_pair(put_pair(put_pair(end, fraction / 10000), fraction / 100 % 100), fraction % 100);
	}
	*end = '\0';
	return (size_t)(end - out);
}

/* Cuts between `min` and `max` digits off the front of *text. */
static bool parse_digits(struct span *text, int min, int max, int *value)
{
	int digits = 0;

	*value = 0;
	while (digits < max && text->length > 0 && *text->data >= '0' && *text->data <= '9') {
		*value = *value * 10 + (*text->data - '0');
		text->data++;
		text->length--;
		digits++;
	}
	return digits >= min;
}

static bool skip_char(struct span *text, char wanted)
{
	if (text->length == 0 || *text->data != wanted)
		return false;
	text->data++;
	text->length--;
	return true;
}

static bool parse_date(struct span *text, int64_t *days)
{
	static const int month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int year, month, day;
	bool leap;

	if (!parse_digits(text, 4, 4, &year) || !skip_char(text, '-') || !parse_digits(text, 1, 2, &month) ||
	    !skip_char(text, '-') || !parse_digits(text, 1, 2, &day))
		return false;
	if (year < 1 || month < 1 || month > 12)
		return false;
	leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	if (day < 1 || day > month_days[month - 1] + (month == 2 && leap))
		return false;
	*days = days_from_date(year, month, day);
	return true;
}

static bool parse_fraction(struct span *text, int *fraction)
{
	int scale = 100000, dropped;

	*fraction = 0;
	if (!skip_char(text, '.') && !skip_char(text, ','))
		return true;
	if (text->length == 0 || *text->data < '0' || *text->data > '9')
		return false;
	while (scale > 0 && text->length > 0 && *text->data >= '0' && *text->data <= '9') {
		*fraction += (*text->data - '0') * scale;
		scale /= 10;
		text->data++;
		text->length--;
	}
	while (parse_digits(text, 1, 1, &dropped))
		;
	return true;
}

static bool parse_offset(struct span *text, int *minutes)
{
	bool negative = text->length > 0 && *text->data == '-';
	int hours, rest = 0;

	*minutes = 0;
	if (text->length == 0 || skip_char(text, 'Z'))
		return true;
	if (!skip_char(text, '+') && !skip_char(text, '-'))
		return false;
	if (!parse_digits(text, 2, 2, &hours))
		return false;
	if (text->length > 0) {
		skip_char(text, ':');
		if (!parse_digits(text, 2, 2, &rest))
			return false;
	}
	if (hours > 23 || rest > 59)
		return false;
	*minutes = (hours * 60 + rest) * (negative ? -1 : 1);
	return true;
}

/* Reads "HH:MM[:SS[.ffffff]]" and an offset: microseconds since midnight UTC of the date before it. */
static bool parse_time(struct span *text, int64_t *microseconds)
{
	int hours, minutes, seconds = 0, fraction = 0, offset;

	if (!parse_digits(text, 1, 2, &hours) || !skip_char(text, ':') || !parse_digits(text, 2, 2, &minutes))
		return false;
	if (skip_char(text, ':') && (!parse_digits(text, 2, 2, &seconds) || !parse_fraction(text, &fraction)))
		return false;
	if (!parse_offset(text, &offset) || hours > 23 || minutes > 59 || seconds > 59)
		return false;
	*microseconds = ((hours * 60 + minutes - offset) * INT64_C(60) + seconds) * SECOND + fraction;
	return true;
}

/* The number of two digits. What is none gives more than 99. */
static unsigned pair_at(const char *text)
{
	unsigned tens = (unsigned)(unsigned char)text[0] - '0', ones = (unsigned)(unsigned char)text[1] - '0';

	return tens > 9 || ones > 9 ? 100 : tens * 10 + ones;
}

/* Reads "HH:MM:SS.ffffff": microseconds since midnight. */
static bool parse_stored_time(const char *text, int64_t *in_day)
{
	unsigned hour = pair_at(text), minute = pair_at(text + 3), second = pair_at(text + 6);
	unsigned high = pair_at(text + 9), middle = pair_at(text + 11), low = pair_at(text + 13);

	*in_day = (int64_t)((hour * 60 + minute) * 60 + second) * SECOND + (high * 100 + middle) * 100 + low;
	return hour <= 23 && minute <= 59 && second <= 59 && high <= 99 && middle <= 99 && low <= 99;
}

/* Reads the form in which nearly all times are stored, "YYYY-MM-DD HH:MM:SS.ffffff": a page has a hundred of them.
 * False where it is another, or the day may be none. */
static bool parse_stored(const char *text, int64_t *microseconds)
{
	unsigned century = pair_at(text), year = pair_at(text + 2), month = pair_at(text + 5), day = pair_at(text + 8);
	int64_t in_day;

	if (text[4] != '-' || text[7] != '-' || text[10] != ' ' || text[13] != ':' || text[16] != ':' ||
	    text[19] != '.')
		return false;
	if (century - 1 > 98 || year > 99 || month - 1 > 11 || day - 1 > 27 || !parse_stored_time(text + 11, &in_day))
		return false;
	*microseconds = days_from_date((int64_t)century * 100 + year, (int)month, (int)day) * DAY + in_day;
	return true;
}

bool timestamp_parse(struct span text, int64_t *microseconds)
{
	int64_t days, in_day = 0;

	if (text.length == TIMESTAMP_SIZE - 1 && parse_stored(text.data, microseconds))
		return true;
	if (!parse_date(&text, &days))
		return false;
	if (text.length > 0 && ((!skip_char(&text, 'T') && !skip_char(&text, ' ')) || !parse_time(&text, &in_day)))
		return false;
	*microseconds = days * DAY + in_day;
	return text.length == 0;
}
