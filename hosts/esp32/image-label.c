#include "image-label.h"

#include <string.h>

bool image_label_is_sound(const ImageLabel *label)
{
	size_t length = 0;

	if (label->magic != IMAGE_LABEL_MAGIC) return false;
	while (length < sizeof label->board && label->board[length]) length++;
	if (length == 0 || length == sizeof label->board) return false;
	for (size_t index = length; index < sizeof label->board; index++) {
		if (label->board[index]) return false;
	}
	return true;
}

bool image_label_is_for(const ImageLabel *label, const char *board)
{
	return image_label_is_sound(label) && strcmp(label->board, board) == 0;
}
