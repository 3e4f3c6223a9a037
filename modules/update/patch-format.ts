/**
 * What the encoder and the decoder of a delta update agree on (docs/DELTA.md 2): a header, and behind it one raw deflate
 * stream of regions. Numbers of the header are little-endian; those of the stream are 1 to 4 groups of seven bits, the lowest first, in
 * the shortest form.
 */

/** "LKD1": a later format has another digit. */
export const PATCH_MAGIC = 0x31444b4c;
/** u32 magic, u32 bytes of the source, u32 bytes of the result. */
export const PATCH_HEADER_BYTES = 12;

/** Of one number in the stream: four groups. */
export const PATCH_NUMBER_MAX = 0x0fffffff;
/** Images larger than this have no delta: a seek across one, with its sign, is still one number. */
export const PATCH_IMAGE_BYTES_MAX = 0x04000000;
