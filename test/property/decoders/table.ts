/**
 * Every decoder of modules/ and tools/hil: test/tools/decoder-table.test.ts finds them in the sources and fails for one that is missing
 * here. A new decoder is one row, in the file of its kind; CONTRIBUTING.md says how.
 */
import type { Decoder } from "./decoder.ts";
import { LINK_ROWS } from "./link-rows.ts";
import { LOG_ROWS } from "./log-rows.ts";
import { MESSAGE_ROWS } from "./message-rows.ts";
import { PATCH_ROWS } from "./patch-rows.ts";
import { RADIO_ROWS } from "./radio-rows.ts";
import { RECORD_DECODERS } from "./record-rows.ts";
import { SIGNED_ROWS } from "./signed-rows.ts";
import { TOOL_ROWS } from "./tool-rows.ts";
import { TRUST_ROWS } from "./trust-rows.ts";
import { UPDATE_ROWS } from "./update-rows.ts";
import { WIRE_ROWS } from "./wire-rows.ts";

export const DECODERS: readonly Decoder[] = Object.freeze([
	...WIRE_ROWS,
	...MESSAGE_ROWS,
	...LOG_ROWS,
	...RECORD_DECODERS,
	...SIGNED_ROWS,
	...TRUST_ROWS,
	...LINK_ROWS,
	...PATCH_ROWS,
	...UPDATE_ROWS,
	...RADIO_ROWS,
	...TOOL_ROWS,
]);

export function nameOf({ file, name }: Decoder): string {
	return `${file} ${name}`;
}
