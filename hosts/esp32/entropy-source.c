#include "entropy-source.h"

EntropySource entropy_source_step(EntropySource source, EntropyEvent event, EntropyAct *act)
{
	*act = ENTROPY_NOTHING;
	switch (event) {
		case ENTROPY_START:
			if (source != ENTROPY_SOURCE_OFF) return source;
			*act = ENTROPY_NOISE_ON;
			return ENTROPY_SOURCE_NOISE;
		case ENTROPY_RADIO_BEGINS:
			if (source == ENTROPY_SOURCE_RADIO) return source;
			if (source == ENTROPY_SOURCE_NOISE) *act = ENTROPY_NOISE_OFF;
			return ENTROPY_SOURCE_GAP;
		case ENTROPY_RADIO_IS_ON:
			return source == ENTROPY_SOURCE_GAP ? ENTROPY_SOURCE_RADIO : source;
		case ENTROPY_RADIO_STOPS:
			if (source != ENTROPY_SOURCE_GAP && source != ENTROPY_SOURCE_RADIO) return source;
			*act = ENTROPY_NOISE_ON;
			return ENTROPY_SOURCE_NOISE;
	}
	return source;
}

bool entropy_source_is_true(EntropySource source)
{
	return source == ENTROPY_SOURCE_NOISE || source == ENTROPY_SOURCE_RADIO;
}
